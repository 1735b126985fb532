"""TensorFlow as a framework for `gankit.functional`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.functional import Extra, Framework, Pull, Tensors
from gankit_keras import tensorflow_functions
from gankit_keras.framework import Tensor, tf
from gankit_keras.optimizers import apply
from gankit_keras.tensorflow_convolution import convolve, convolve_back


class Unconnected(Exception):
    """A loss depends on none of its weights."""


class TensorFlow(Framework):
    """TensorFlow's tensors; weights and the optimizers' state are variables, written in place."""

    xp = tensorflow_functions
    apply = staticmethod(apply)

    def array(self, values: NDArray[Any], /) -> Tensor:
        """Return a tensor."""
        return tf.constant(values)

    def numpy(self, tensor: Tensor, /) -> NDArray[Any]:
        """Return a copy."""
        return np.array(tensor.numpy())

    def constant(self, tensor: Tensor, /) -> Tensor:
        """Return the numbers without their gradient."""
        return tf.stop_gradient(tensor)

    def scale(self, number: float | Tensor, tensor: Tensor, /) -> Tensor:
        """Return the product in the tensor's precision; `tf.cast` would make a float float32."""
        return tf.cast(tf.convert_to_tensor(number, dtype_hint=tf.float64), tensor.dtype) * tensor

    def float64(self, tensor: Tensor, /) -> Tensor:
        """Return a tensor in float64."""
        return tf.cast(tensor, tf.float64)

    def value_and_grad(
        self, f: Callable[[Tensors], tuple[Tensor, Extra]], weights: Tensors, /
    ) -> tuple[Tensor, Extra, Tensors]:
        """Return the value, what comes with it, and the gradient."""
        value, extra, pull = self._taped(f, weights)
        return value, extra, pull(None)

    def vjp(
        self, f: Callable[[Tensors], tuple[Tensors, Extra]], weights: Tensors, /
    ) -> tuple[Tensors, Extra, Pull]:
        """Return the values, what comes with them, and the derivative, in one pass."""
        values, extra, pull = self._taped(f, weights)
        return {name: tf.stop_gradient(value) for name, value in values.items()}, extra, pull

    def _taped(
        self, f: Callable[[Tensors], tuple[Any, Extra]], weights: Tensors
    ) -> tuple[Any, Extra, Callable[[Any], Tensors]]:
        tensors = {name: tf.convert_to_tensor(weight) for name, weight in weights.items()}
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(list(tensors.values()))
            value, extra = f(tensors)

        def pull(gradient: Any) -> Tensors:  # noqa: ANN401 - nested as the value.
            found = tape.gradient(value, tensors, output_gradients=gradient)
            if all(each is None for each in found.values()):
                raise Unconnected
            # The gradient of a native model's embedding is sparse.
            return {
                name: tf.zeros_like(tensors[name]) if each is None else tf.convert_to_tensor(each)
                for name, each in found.items()
            }

        return value, extra, pull

    def input_vjp(
        self, f: Callable[[Tensor], tuple[Tensor, Tensors]], x: Tensor, /
    ) -> tuple[Tensor, Tensors, Callable[[Tensor], Tensor]]:
        """Return the values, and the derivative, which can be differentiated again."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            value, extra = f(x)

        def pull(gradient: Tensor) -> Tensor:
            zero = tf.UnconnectedGradients.ZERO
            return tape.gradient(value, x, gradient, unconnected_gradients=zero)

        return value, extra, pull

    def cond(
        self, flag: float | Tensor, f: Callable[[], Any], otherwise: Callable[[], Any], /
    ) -> Any:  # noqa: ANN401 - whatever the two return.
        """Compute only one of the two."""
        return tf.cond(flag > 0, f, otherwise)

    def softplus(self, x: Tensor, /) -> Tensor:
        """Return log(1 + exp(x)).

        TensorFlow neglects a term only if it is less than half a unit in the last place.
        """
        return tf.nn.softplus(x)

    def sigmoid(self, x: Tensor, /) -> Tensor:
        """Return 1 / (1 + exp(-x))."""
        return tf.sigmoid(x)

    def relu(self, x: Tensor, /) -> Tensor:
        """Return max(x, 0)."""
        return tf.nn.relu(x)

    def leaky_relu(self, x: Tensor, slope: float, /) -> Tensor:
        """Return max(x, slope * x) with an explicit derivative; TensorFlow's is slow."""

        def forward(x: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
            outputs = tf.maximum(x, slope * x)
            # For slopes in [0, 1] the outputs are positive if the inputs are.
            return outputs, lambda pull: tf.where(outputs > 0, pull, slope * pull)

        return tf.custom_gradient(forward)(x)

    def add_bias(self, x: Tensor, bias: Tensor, /) -> Tensor:
        """Return the sum."""
        return tf.nn.bias_add(x, bias)

    def conv(
        self, x: Tensor, kernel: Tensor, /, *, stride: int, padding: int, groups: int
    ) -> Tensor:
        """Return a convolution.

        TensorFlow has no gradient of a grouped convolution on a CPU, so groups run one by one.
        """
        if groups == 1:
            return convolve(x, kernel, stride, padding)
        parts = zip(tf.split(x, groups, axis=-1), tf.split(kernel, groups, axis=-1), strict=True)
        return tf.concat([convolve(*part, stride, padding) for part in parts], axis=-1)

    def conv_transpose(self, x: Tensor, kernel: Tensor, /, *, stride: int, padding: int) -> Tensor:
        """Return a transposed convolution."""
        return convolve_back(x, kernel, stride, padding)

    def upsample(self, images: Tensor, factor: int, /) -> Tensor:
        """Repeat each pixel along both sides."""
        height, width, channels = images.shape[1:]
        pixels = tf.reshape(images, (-1, height, 1, width, 1, channels))
        repeated = tf.tile(pixels, (1, 1, factor, 1, factor, 1))
        return tf.reshape(repeated, (-1, height * factor, width * factor, channels))

    def average_pool(self, images: Tensor, size: int, /) -> Tensor:
        """Average over adjacent squares."""
        return tf.nn.avg_pool2d(images, size, size, "VALID")

    def row_products(self, x: Tensor, y: Tensor, /) -> Tensor:
        """Return the product of each row of `x` with each row of `y`."""
        return tf.matmul(x, y, transpose_b=True)

    def cross_entropy(self, logits: Tensor, labels: Tensor, /) -> Tensor:
        """Return the mean of logsumexp(c) - c[label] for `(B,)` int64 labels, -1 for none."""
        one_hot = tf.one_hot(labels, logits.shape[1], dtype=logits.dtype)
        labelled = tf.cast(labels >= 0, logits.dtype)
        lengths = tf.reduce_logsumexp(logits, axis=1) - tf.reduce_sum(logits * one_hot, axis=1)
        return tf.reduce_sum(labelled * lengths) / tf.maximum(tf.reduce_sum(labelled), 1)

    def length(self, x: Tensor, /) -> Tensor:
        """Return the number of rows, which is open."""
        return tf.shape(x)[0]

    def halves(self, x: Tensor, /) -> tuple[Tensor, Tensor]:
        """Return the first and the second half of the rows, whose number is open."""
        first, second = tf.split(x, 2)
        return first, second

    def transpose(self, images: Tensor, /) -> Tensor:
        """Return images with rows in place of columns."""
        return tf.transpose(images, (0, 2, 1, 3))

    def shift(self, images: Tensor, offsets: Tensor, /) -> Tensor:
        """Shift each image by its row of offsets, int64.

        Uses products with matrices of zeros and ones: they are exact, and their gradients are
        products again.
        """
        down, right = (_shift_matrices(offsets[:, a], images, a + 1) for a in (0, 1))
        shifted = tf.einsum("nik,nkjc->nijc", down, images)
        return tf.einsum("njk,nikc->nijc", right, shifted)

    def column_products(self, matrices: Tensor, images: Tensor, /) -> Tensor:
        """Return the product of a matrix for each column of each image with that column."""
        return tf.einsum("nxiy,nyxc->nixc", matrices, images)


def _shift_matrices(offsets: Tensor, images: Tensor, axis: int) -> Tensor:
    """Return `(n, side, side)`, 1 if the column's position is shifted to the row's, else 0."""
    side = images.shape[axis]
    return tf.one_hot(tf.range(side, dtype=tf.int64) - offsets[:, None], side, dtype=images.dtype)
