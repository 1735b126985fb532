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
    groups = zip(_split(images, layer.groups), _split(kernel, layer.groups), strict=True)
    outputs = [tf.nn.conv2d(group, part, layer.stride, "VALID") for group, part in groups]
    return tf.concat(outputs, axis=-1) if len(outputs) > 1 else outputs[0]


def convolve_transposed(layer: ConvTranspose, images: Tensor, kernel: Tensor) -> Tensor:
    """Add a kernel `(k, k, in, filters)`, times each value, to a larger image; crop its margin."""
    sides = [(side - 1) * layer.stride + layer.kernel for side in images.shape[1:3]]
    # TensorFlow defines it as the gradient of a convolution from the larger image.
    transposed = tf.transpose(kernel, (0, 1, 3, 2))
    shape = (tf.shape(images)[0], *sides, layer.filters)
    larger = tf.nn.conv2d_transpose(images, transposed, shape, layer.stride, "VALID")
    bottom, right = (side - layer.padding for side in sides)
    return larger[:, layer.padding : bottom, layer.padding : right]


def upsample(images: Tensor, factor: int) -> Tensor:
    """Repeat each pixel along both sides."""
    height, width, channels = images.shape[1:]
    pixels = tf.reshape(images, (-1, height, 1, width, 1, channels))
    repeated = tf.tile(pixels, (1, 1, factor, 1, factor, 1))
    return tf.reshape(repeated, (-1, height * factor, width * factor, channels))


def average_pool(images: Tensor, size: int) -> Tensor:
    """Average over adjacent squares."""
    return tf.nn.avg_pool2d(images, size, size, "VALID")


def _split(tensor: Tensor, groups: int) -> list[Tensor]:
    parts: list[Tensor] = tf.split(tensor, groups, axis=-1) if groups > 1 else [tensor]
    return parts
