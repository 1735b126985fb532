"""The operations on tensors that the losses of an update are written in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Precision
from gankit.functional import defaults
from gankit.functional.sums import ONE_PROCESS, Sums

Tensor: TypeAlias = Any
"""An array of the framework."""
Tensors: TypeAlias = dict[str, Tensor]
Extra: TypeAlias = Any
"""What a function returns beside its value: nested tuples and dictionaries of tensors."""

NAMES = frozenset({
    "broadcast_to", "clip", "concatenate", "exp", "log", "log1p", "matmul", "max",
    "mean", "ones_like", "pad", "reshape", "sqrt", "square", "sum", "tanh", "where",
    "zeros_like",
})  # fmt: skip
"""The functions of `Operations.xp`; that class lists their arguments."""


class Operations(ABC):
    """The operations of an array framework; also `gankit.losses.LossOps` and `AugmentOps`.

    A subclass defines the abstract methods and `xp`. It may override any other method with a
    faster one; the inherited method defines what it must return.

    `xp` is a namespace, for example a module, with NumPy's names and these arguments alone
    (`gankit.functional.NAMES`):

        exp(x)  log(x)  log1p(x)  sqrt(x)  square(x)  tanh(x)  ones_like(x)  zeros_like(x)
        broadcast_to(x, shape)  reshape(x, shape)      shape is a tuple, one size may be -1
        clip(x, low, high)                             low and high are Python numbers
        concatenate([x, y], axis=0)
        matmul(x, y)                                   with equal leading axes
        max(x, axis=1, keepdims=True)                  also mean and sum; axis may be a
                                                       tuple, or left out of mean and sum
        pad(x, ((0, 0), (1, 1)), "constant")           with zeros
        where(condition, x, y)                         x and y are tensors

    Tensors have `shape`, `+ - * /`, unary `-`, `**`, the comparisons `< > >= ==`, and basic slices
    with positive steps and `...`. `**` has a Python number on one side.
    """

    xp: Any
    """A namespace with the functions of `NAMES`."""
    sums: Sums = ONE_PROCESS
    """The sums over the processes that train together; those of one process by default."""

    def __init__(self, precision: Precision, device: str) -> None:
        """Store both.

        Parameters
        ----------
        precision
            "float32" or "float64", of weights and images.
        device
            "auto", or a device as the framework names it.
        """
        self.precision, self.device = precision, device

    @abstractmethod
    def array(self, values: NDArray[Any], /) -> Tensor:
        """Return a copy of `values` as a tensor on the device, with their shape and dtype.

        The dtype is bool, uint8, int64, float32 or float64; strides may be negative.
        """

    @abstractmethod
    def constant(self, tensor: Tensor, /) -> Tensor:
        """Return the numbers of `tensor` as a constant: no gradient flows through it."""

    @abstractmethod
    def scale(self, number: float | Tensor, tensor: Tensor, /) -> Tensor:
        """Return `number * tensor` in the precision of `tensor`.

        `number` is a float, or a float64 scalar on the device; it is rounded to the tensor's
        precision before the product.
        """

    @abstractmethod
    def float64(self, tensor: Tensor, /) -> Tensor:
        """Return `tensor` in float64."""

    @abstractmethod
    def input_vjp(
        self, f: Callable[[Tensor], tuple[Tensor, Tensors]], x: Tensor, /
    ) -> tuple[Tensor, Tensors, Callable[[Tensor], Tensor]]:
        """Return both results of `f(x)`, and the derivative of the first.

        The derivative is a function from a gradient of `f(x)[0]` to that of `x`, called once. Its
        result and `f(x)[0]` can be differentiated again, by the weights that `f` uses; not through
        what `x` was computed from. The second result does not depend on `x`.
        """

    def exp(self, x: Tensor, /) -> Tensor:
        """Return e to the power of `x`, in its shape and dtype; it overflows for large values."""
        return self.xp.exp(x)

    def log(self, x: Tensor, /) -> Tensor:
        """Return the natural logarithm of `x`, in its shape and dtype; `x` is positive."""
        return self.xp.log(x)

    def logsumexp(self, x: Tensor, /) -> Tensor:
        """Return log(sum(exp(`x`))) of `(n,)` numbers, a scalar; exact for large values too."""
        return defaults.logsumexp(self.xp, self.constant, x)

    def softplus(self, x: Tensor, /) -> Tensor:
        """Return log(1 + exp(`x`)) in the shape and dtype of `x`, exact for large values too.

        Its derivative at 0 is 1/2. It is the adversarial loss of Goodfellow et al. 2014 on logits.
        """
        return defaults.softplus(self.xp, x)

    def sigmoid(self, x: Tensor, /) -> Tensor:
        """Return 1 / (1 + exp(-`x`)) in the shape and dtype of `x`, exact for large values too."""
        return defaults.sigmoid(self.xp, x)

    def relu(self, x: Tensor, /) -> Tensor:
        """Return max(`x`, 0) in the shape and dtype of `x`; its derivative at 0 is 0."""
        return defaults.relu(self.xp, x)

    def leaky_relu(self, x: Tensor, slope: float, /) -> Tensor:
        """Return max(`x`, `slope` * `x`) in the shape and dtype of `x` (Maas et al. 2013).

        `slope` is in [0, 1]; it is the derivative at 0.
        """
        return self.xp.where(x > 0, x, slope * x)

    def add_bias(self, x: Tensor, bias: Tensor, /) -> Tensor:
        """Return `x`, `(n, ..., channels)`, plus a `(channels,)` `bias` of the same dtype."""
        return x + bias

    def upsample(self, images: Tensor, factor: int, /) -> Tensor:
        """Repeat each pixel of `(n, h, w, c)` `images` `factor` times along both sides."""
        return defaults.upsample(self.xp, images, factor)

    def average_pool(self, images: Tensor, size: int, /) -> Tensor:
        """Average `(n, h, w, c)` `images` over adjacent squares; `size` divides h and w."""
        return defaults.average_pool(self.xp, images, size)

    def row_products(self, x: Tensor, y: Tensor, /) -> Tensor:
        """Return the product of each row of `x` with each row of `y`: those of an attention.

        `x` is `(n, i, features)`, `y` `(n, j, features)`, and the result `(n, i, j)`.
        """
        return defaults.row_products(self.xp, x, y)

    def cross_entropy(self, logits: Tensor, labels: Tensor, /) -> Tensor:
        """Return the mean of `logsumexp(c) - c[label]` over `(B, classes)` `logits`, a scalar.

        `labels` are those of `Inputs`: one-hot, unless the backend's networks take others. The mean
        is over the images that have a label, and 0 without any.
        """
        return defaults.cross_entropy(self.xp, self.constant, logits, labels)

    def length(self, x: Tensor, /) -> int | Tensor:
        """Return the number of rows of `x`; a tensor if a step is compiled for any number."""
        rows: int = x.shape[0]
        return rows

    def halves(self, x: Tensor, /) -> tuple[Tensor, Tensor]:
        """Return the first and the second half of the rows of `x`, `(2 * B, ...)`."""
        count = x.shape[0] // 2
        return x[:count], x[count:]

    def conv(
        self, x: Tensor, kernel: Tensor, /, *, stride: int, padding: int, groups: int
    ) -> Tensor:
        """Return a convolution, as `gankit.layers.Conv` defines it.

        Parameters
        ----------
        x
            `(n, height, width, channels)` images.
        kernel
            `(k, k, channels / groups, filters)`.
        stride, padding, groups
            Those of the layer.
        """
        return defaults.conv(self.xp, x, kernel, stride, padding, groups)

    def conv_transpose(self, x: Tensor, kernel: Tensor, /, *, stride: int, padding: int) -> Tensor:
        """Return a transposed convolution, as `gankit.layers.ConvTranspose` defines it.

        Parameters
        ----------
        x
            `(n, height, width, channels)` images.
        kernel
            `(k, k, channels, filters)`.
        stride, padding
            Those of the layer.
        """
        return defaults.conv_transpose(self.xp, self.conv, x, kernel, stride, padding)

    def shift(self, images: Tensor, offsets: Tensor, /) -> Tensor:
        """Shift each of `images` by its row of `offsets`, as `AugmentOps` defines it.

        `images` are `(B, height, width, channels)`, `offsets` `(B, 2)` whole numbers in the same
        precision.
        """
        return defaults.shift(self.xp, images, offsets, *self._sides(images))

    def warp(self, images: Tensor, maps: Tensor, /) -> Tensor:
        """Warp each of `images` by its row of `maps`, as `AugmentOps` defines it.

        `images` are `(B, height, width, channels)`, `maps` `(B, 2, 3)` in the same precision.
        """
        rows, columns = self._sides(images)
        return defaults.warp(self.xp, self.column_products, images, maps, rows, columns)

    def column_products(self, matrices: Tensor, images: Tensor, /) -> Tensor:
        """Return the product of a matrix for each column of each image with that column.

        `matrices` are `(B, width, i, height)`, `images` `(B, height, width, channels)`, and the
        result `(B, i, width, channels)`.
        """
        return defaults.column_products(self.xp, matrices, images)

    def transpose(self, images: Tensor, /) -> Tensor:
        """Return `(B, width, height, channels)`: `images` with rows in place of columns."""
        return defaults.transpose(self.xp, images)

    def mean(self, x: Tensor, /) -> Tensor:
        """Return the mean of all values of `x`, a scalar of its dtype."""
        return self.xp.mean(x)

    def total(self, x: Tensor, /) -> Tensor:
        """Return the sum of all of `x`, a scalar."""
        return self.xp.sum(x)

    def mean_over(self, x: Tensor, axes: tuple[int, ...], /) -> Tensor:
        """Return the mean of `x` over `axes`, which remain as axes of length 1."""
        return self.xp.mean(x, axis=axes, keepdims=True)

    def below(self, numbers: Tensor, threshold: float | Tensor, /) -> Tensor:
        """Return 1 where one of `numbers` is below `threshold`, else 0.

        The result has the shape and dtype of `numbers`. `threshold` is a number as in `scale`.
        """
        ones = self.xp.ones_like(numbers)
        return self.xp.where(numbers < self.scale(threshold, ones), ones, self.xp.zeros_like(ones))

    def _sides(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the numbers of the rows and of the columns of `images`, in their precision."""
        rows, columns = (
            self.array(np.arange(side, dtype=self.precision)) for side in images.shape[1:3]
        )
        return rows, columns
