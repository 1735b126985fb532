"""Image layers: convolutions and sampling, `(n, height, width, channels)`."""

from __future__ import annotations

from gankit.layers import Conv, ConvTranspose
from gankit_keras.framework import Tensor, tf


def convolve(layer: Conv, images: Tensor, kernel: Tensor) -> Tensor:
    """Return the cross-correlation with a kernel `(k, k, in / groups, filters)`.

    Pads first: with its own paddings, TensorFlow's gradients take more than twice as long on a
    CPU. TensorFlow has no gradient of a grouped convolution there, so groups run one by one.
    """
    if layer.padding:
        side = [layer.padding, layer.padding]
        images = tf.pad(images, [[0, 0], side, side, [0, 0]])
    runs = zip(_split(images, layer.groups), _split(kernel, layer.groups), strict=True)
    made = [tf.nn.conv2d(run, part, layer.stride, "VALID") for run, part in runs]
    return tf.concat(made, axis=-1) if len(made) > 1 else made[0]


def convolve_transposed(layer: ConvTranspose, images: Tensor, kernel: Tensor) -> Tensor:
    """Add a kernel `(k, k, in, filters)`, scaled by each value, to a larger image; then crop."""
    sides = [(side - 1) * layer.stride + layer.kernel for side in images.shape[1:3]]
    # TensorFlow defines it as the gradient of a convolution from the larger image.
    turned = tf.transpose(kernel, (0, 1, 3, 2))
    shape = (tf.shape(images)[0], *sides, layer.filters)
    made = tf.nn.conv2d_transpose(images, turned, shape, layer.stride, "VALID")
    bottom, right = (side - layer.padding for side in sides)
    return made[:, layer.padding : bottom, layer.padding : right]


def upsample(images: Tensor, factor: int) -> Tensor:
    """Repeat each pixel along both sides."""
    height, width, channels = images.shape[1:]
    apart = tf.reshape(images, (-1, height, 1, width, 1, channels))
    repeated = tf.tile(apart, (1, 1, factor, 1, factor, 1))
    return tf.reshape(repeated, (-1, height * factor, width * factor, channels))


def average_pool(images: Tensor, size: int) -> Tensor:
    """Average over adjacent squares."""
    return tf.nn.avg_pool2d(images, size, size, "VALID")


def _split(tensor: Tensor, groups: int) -> list[Tensor]:
    runs: list[Tensor] = tf.split(tensor, groups, axis=-1) if groups > 1 else [tensor]
    return runs
