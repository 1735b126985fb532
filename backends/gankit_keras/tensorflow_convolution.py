"""Convolutions in TensorFlow, each derivative by its fastest kernel on a CPU.

A convolution's outputs, and its derivatives by its images and by its kernel, are the three partial
derivatives of one number, `sum(convolution(images, kernel) * gradient)`, which is linear in each of
the three. So the derivative of any of them is another of them.

Paddings that TensorFlow calls SAME have derivatives up to three times as fast as others: those of
explicit paddings are not oneDNN's, and other paddings are a copy of the images. Only for images of
few channels the derivative with explicit paddings is the faster one (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gankit_keras.framework import Tensor, tf

FEW_CHANNELS = 4
"""Up to so many channels, the derivative by the images has explicit paddings."""


@dataclass(frozen=True)
class Geometry:
    """How a kernel moves over images of a known shape.

    Attributes
    ----------
    stride
        Of both sides, in pixels.
    padding
        Rows and columns of zeros on every side: those of SAME, or none.
    shape
        Of the kernel, `(k, k, channels, filters)`.
    side
        Height and width of the images.
    """

    stride: int
    padding: int
    shape: tuple[int, int, int, int]
    side: tuple[int, int]

    @property
    def few_channels(self) -> bool:
        """Whether the images have few channels."""
        return self.shape[2] <= FEW_CHANNELS

    def given(self, *, explicit: bool = False) -> dict[str, Any]:
        """Return TensorFlow's arguments."""
        strides = [1, self.stride, self.stride, 1]
        if explicit:
            paddings = [0, 0, *(self.padding,) * 4, 0, 0]
            return {"strides": strides, "padding": "EXPLICIT", "explicit_paddings": paddings}
        return {"strides": strides, "padding": "SAME" if self.padding else "VALID"}


def pads_as_same(sides: tuple[int, int], kernel: int, stride: int, padding: int) -> bool:
    """Return whether SAME pads sides of so many pixels by `padding` at both ends.

    >>> pads_as_same((28, 28), 4, 2, 1), pads_as_same((28, 28), 3, 2, 1)
    (True, False)
    """
    return all(
        max((-(-side // stride) - 1) * stride + kernel - side, 0) == 2 * padding for side in sides
    )


def convolve(x: Tensor, kernel: Tensor, stride: int, padding: int) -> Tensor:
    """Return a convolution of `(n, height, width, channels)` images.

    `kernel` is `(k, k, channels, filters)`.
    """
    height, width = x.shape[1:3]
    if not pads_as_same((height, width), kernel.shape[0], stride, padding):
        x = tf.pad(x, [[0, 0], [padding, padding], [padding, padding], [0, 0]])
        height, width, padding = height + 2 * padding, width + 2 * padding, 0
    return _outputs(Geometry(stride, padding, tuple(kernel.shape), (height, width)), x, kernel)


def convolve_back(x: Tensor, kernel: Tensor, stride: int, padding: int) -> Tensor:
    """Return a transposed convolution: the derivative of one by its images.

    `x` is `(n, height, width, channels)` and `kernel` `(k, k, channels, filters)`, the transposed
    kernel of that convolution.
    """
    turned = tf.transpose(kernel, (0, 1, 3, 2))
    height, width = ((side - 1) * stride + kernel.shape[0] - 2 * padding for side in x.shape[1:3])
    if pads_as_same((height, width), kernel.shape[0], stride, padding):
        return _images(Geometry(stride, padding, tuple(turned.shape), (height, width)), x, turned)
    whole = (height + 2 * padding, width + 2 * padding)
    larger = _images(Geometry(stride, 0, tuple(turned.shape), whole), x, turned)
    return larger[:, padding : padding + height, padding : padding + width]


def _outputs(geometry: Geometry, images: Tensor, kernel: Tensor) -> Tensor:
    """Return the outputs."""

    def made(images: Tensor, kernel: Tensor) -> tuple[Tensor, Callable[[Tensor], Any]]:
        def pull(gradient: Tensor) -> tuple[Tensor, Tensor]:
            return _images(geometry, gradient, kernel), _kernel(geometry, images, gradient)

        return tf.raw_ops.Conv2D(input=images, filter=kernel, **geometry.given()), pull

    return tf.custom_gradient(made)(images, kernel)


def _images(geometry: Geometry, gradient: Tensor, kernel: Tensor) -> Tensor:
    """Return the derivative by the images."""

    def made(gradient: Tensor, kernel: Tensor) -> tuple[Tensor, Callable[[Tensor], Any]]:
        def pull(images: Tensor) -> tuple[Tensor, Tensor]:
            return _outputs(geometry, images, kernel), _kernel(geometry, images, gradient)

        images = tf.raw_ops.Conv2DBackpropInput(
            input_sizes=[tf.shape(gradient)[0], *geometry.side, geometry.shape[2]],
            filter=kernel,
            out_backprop=gradient,
            **geometry.given(explicit=geometry.few_channels),
        )
        return tf.ensure_shape(images, (None, *geometry.side, geometry.shape[2])), pull

    return tf.custom_gradient(made)(gradient, kernel)


def _kernel(geometry: Geometry, images: Tensor, gradient: Tensor) -> Tensor:
    """Return the derivative by the kernel."""

    def made(images: Tensor, gradient: Tensor) -> tuple[Tensor, Callable[[Tensor], Any]]:
        def pull(kernel: Tensor) -> tuple[Tensor, Tensor]:
            return _images(geometry, gradient, kernel), _outputs(geometry, images, kernel)

        found = tf.raw_ops.Conv2DBackpropFilter(
            input=images,
            filter_sizes=geometry.shape,
            out_backprop=gradient,
            **geometry.given(),
        )
        return found, pull

    return tf.custom_gradient(made)(images, gradient)
