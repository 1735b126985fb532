"""Image layers: convolutions as matrix products (Chellapilla et al. 2006), and sampling.

Images are `(n, height, width, channels)`, kernels `(k, k, in, out)`.
"""

from __future__ import annotations

from gankit.layers import Conv, ConvTranspose
from gankit_numpy.operations import (
    Index,
    concatenate,
    crop,
    fold,
    get_slice,
    matmul,
    mean_over,
    pad,
    patches,
    reshape,
    set_slice,
    transpose,
)
from gankit_numpy.tape import Tracked, expand


def convolve(layer: Conv, images: Tracked, kernel: Tracked) -> Tracked:
    """Return the products of all patches with the kernel, separately for each channel group."""
    groups, (side, _, width, filters) = layer.groups, kernel.shape
    squares = patches(pad(images, layer.padding), side, layer.stride)
    n, down, across = squares.shape[:3]
    split = reshape(squares, (n * down * across, side * side, groups, width))
    left = reshape(transpose(split, (2, 0, 1, 3)), (groups, n * down * across, side * side * width))
    right = reshape(kernel, (side * side * width, groups, filters // groups))
    products = matmul(left, transpose(right, (1, 0, 2)))
    return reshape(transpose(products, (1, 0, 2)), (n, down, across, filters))


def convolve_transposed(layer: ConvTranspose, images: Tracked, kernel: Tracked) -> Tracked:
    """Add the kernel, times each value, to a larger image, and crop its margin."""
    (n, height, width, channels), (side, _, _, filters) = images.shape, kernel.shape
    right = reshape(transpose(kernel, (2, 0, 1, 3)), (channels, side * side * filters))
    products = matmul(reshape(images, (n * height * width, channels)), right)
    squares = reshape(products, (n, height, width, side, side, filters))
    sides = ((height - 1) * layer.stride + side, (width - 1) * layer.stride + side)
    return crop(fold(squares, layer.stride, sides), layer.padding)


def upsample(images: Tracked, factor: int) -> Tracked:
    """Repeat each pixel `factor` times along both sides."""
    n, height, width, channels = images.shape
    pixels = reshape(images, (n, height, 1, width, 1, channels))
    repeated = expand(pixels, (n, height, factor, width, factor, channels))
    return reshape(repeated, (n, height * factor, width * factor, channels))


def average_pool(images: Tracked, size: int) -> Tracked:
    """Average over adjacent squares of `size` by `size`."""
    n, height, width, channels = images.shape
    squares = reshape(images, (n, height // size, size, width // size, size, channels))
    return mean_over(squares, (2, 4))


def blur_pool(images: Tracked) -> Tracked:
    """Blur by [1, 2, 1] along both sides, with zeros outside; keep every second pixel."""
    for axis in (1, 2):
        even, odd = (get_slice(images, _along(axis, slice(i, None, 2))) for i in (0, 1))
        before = _shifted(odd, axis, 1)
        images = 0.25 * (before + 2.0 * even + odd)
    return images


def blur_upsample(images: Tracked) -> Tracked:
    """Double both sides: each pixel, then its mean with the next; zeros follow the last."""
    for axis in (1, 2):
        pairs = [images, 0.5 * (images + _shifted(images, axis, -1))]
        shape = (*images.shape[:axis], 2 * images.shape[axis], *images.shape[axis + 1 :])
        images = reshape(concatenate(pairs, axis + 1), shape)
    return images


def _shifted(images: Tracked, axis: int, by: int) -> Tracked:
    """Move images by one pixel along an axis; fill with zeros."""
    start, end = slice(None, -1), slice(1, None)
    source, target = (start, end) if by > 0 else (end, start)
    return set_slice(get_slice(images, _along(axis, source)), _along(axis, target), images.shape)


def _along(axis: int, index: slice) -> Index:
    """Return the index that takes `index` of one axis."""
    return (*(slice(None) for _ in range(axis)), index)
