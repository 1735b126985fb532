"""Differentiable operations, each with its derivative written in other operations.

Linear operations come in pairs, each the other's pullback: `get_slice` and `set_slice`, `rows` and
`scatter`, `patches` and `fold`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from gankit.contract import Labels
from gankit_numpy.tape import Shape, Tracked, Value, constant, sum_to

Index: TypeAlias = tuple[int | slice, ...]
"""An index of NumPy's basic indexing."""
Sides: TypeAlias = tuple[int, int]


def matmul(left: Tracked, right: Tracked) -> Tracked:
    """Return the product of matrices, or of two equally long stacks of them."""
    return Tracked(
        left.value @ right.value,
        (left, lambda g: matmul(g, swap(right))),
        (right, lambda g: matmul(swap(left), g)),
    )


def affine(inputs: Tracked, kernel: Tracked, bias: Tracked) -> Tracked:
    """Return `x @ kernel + bias` in one step, without storing the product alone."""
    value = inputs.value @ kernel.value
    value += bias.value
    return Tracked(
        value,
        (inputs, lambda g: matmul(g, swap(kernel))),
        (kernel, lambda g: matmul(swap(inputs), g)),
        (bias, lambda g: sum_to(g, bias.shape)),
    )


def swap(inputs: Tracked) -> Tracked:
    """Transpose the last two axes."""
    return Tracked(inputs.value.swapaxes(-1, -2), (inputs, swap))


def transpose(inputs: Tracked, axes: tuple[int, ...]) -> Tracked:
    """Permute the axes: the result's axis i is the inputs' axis `axes[i]`."""
    back = tuple(int(axis) for axis in np.argsort(axes))
    return Tracked(inputs.value.transpose(axes), (inputs, lambda g: transpose(g, back)))


def reshape(inputs: Tracked, shape: Shape) -> Tracked:
    """Reshape the values; one side may be -1."""
    return Tracked(inputs.value.reshape(shape), (inputs, lambda g: reshape(g, inputs.shape)))


def sum_over(inputs: Tracked, axes: tuple[int, ...], *, keep: bool = False) -> Tracked:
    """Sum over `axes`, counted from the front; with `keep` they remain as axes of length 1."""
    sides = enumerate(inputs.shape)
    sums = sum_to(inputs, tuple(1 if axis in axes else side for axis, side in sides))
    if keep:
        return sums
    return reshape(sums, tuple(s for axis, s in enumerate(inputs.shape) if axis not in axes))


def mean_over(inputs: Tracked, axes: tuple[int, ...], *, keep: bool = False) -> Tracked:
    """Average over `axes`, as `sum_over`."""
    size = math.prod(inputs.shape[axis] for axis in axes)
    return sum_over(inputs, axes, keep=keep) * (1 / size)


def total(inputs: Tracked) -> Tracked:
    """Sum everything to a scalar."""
    return sum_to(inputs, ())


def mean(inputs: Tracked) -> Tracked:
    """Average everything to a scalar."""
    return total(inputs) * (1 / inputs.value.size)


def tanh(inputs: Tracked) -> Tracked:
    """Return the hyperbolic tangent."""
    value = np.tanh(inputs.value)
    return Tracked(value, (inputs, lambda g: g * _tanh_derivative(inputs, value)))


def _tanh_derivative(inputs: Tracked, outputs: Value) -> Tracked:
    """Return 1 - tanh(x)^2, given tanh(x); only its own derivative computes tanh(x) again.

    A pullback of `tanh` that referenced its result would keep itself alive.
    """
    value = np.asarray(1 - outputs * outputs)
    pull = lambda g: g * (-2.0 * tanh(inputs) * _tanh_derivative(inputs, outputs))  # noqa: E731
    return Tracked(value, (inputs, pull))


def sigmoid(inputs: Tracked) -> Tracked:
    """Return 1 / (1 + exp(-x)), computed with tanh, which does not overflow."""
    return 0.5 * (tanh(0.5 * inputs) + 1.0)


def softplus(inputs: Tracked) -> Tracked:
    """Return log(1 + exp(x)), exact at both ends; its derivative is the logistic function."""
    value = np.logaddexp(inputs.value, 0, dtype=inputs.value.dtype)
    return Tracked(value, (inputs, lambda g: g * sigmoid(inputs)))


def exp(inputs: Tracked) -> Tracked:
    """Return e^x."""
    return Tracked(np.exp(inputs.value), (inputs, lambda g: g * exp(inputs)))


def log(inputs: Tracked) -> Tracked:
    """Return the natural logarithm."""
    return Tracked(np.log(inputs.value), (inputs, lambda g: g / inputs))


def logsumexp(inputs: Tracked) -> Tracked:
    """Return log(sum(exp(x))) over the last axis: (n, k) to (n,)."""
    largest = constant(inputs.value.max(axis=-1, keepdims=True))
    return log(sum_over(exp(inputs - largest), (1,))) + largest.value[:, 0]


def logsumexp_of_all(inputs: Tracked) -> Tracked:
    """Return log(sum(exp(x))) of everything, a scalar: (n,) to ()."""
    return reshape(logsumexp(reshape(inputs, (1, -1))), ())


def softmax(inputs: Tracked) -> Tracked:
    """Return exp(x) / sum(exp(x)) over the last axis."""
    exponentials = exp(inputs - constant(inputs.value.max(axis=-1, keepdims=True)))
    return exponentials / sum_over(exponentials, (len(inputs.shape) - 1,), keep=True)


def absolute(inputs: Tracked) -> Tracked:
    """Return |x|; its derivative at 0 is 0."""
    signs = np.sign(inputs.value)
    return Tracked(np.abs(inputs.value), (inputs, lambda g: g * signs))


def relu(inputs: Tracked) -> Tracked:
    """Return max(x, 0)."""
    return Tracked(
        np.maximum(inputs.value, 0),
        (inputs, lambda g: _scale_where_false(g, inputs.value > 0, 0.0)),
    )


def leaky_relu(inputs: Tracked, slope: float) -> Tracked:
    """Return max(x, slope * x)."""
    value = np.multiply(slope, inputs.value)
    np.maximum(inputs.value, value, out=value)
    return Tracked(value, (inputs, lambda g: _scale_where_false(g, inputs.value > 0, slope)))


def _scale_where_false(inputs: Tracked, where: NDArray[np.bool_], slope: float) -> Tracked:
    """Return x where `where` is true and slope * x elsewhere."""
    value = np.where(where, inputs.value, slope * inputs.value)
    return Tracked(value, (inputs, lambda g: _scale_where_false(g, where, slope)))


def concatenate(parts: Sequence[Tracked], axis: int) -> Tracked:
    """Concatenate values along `axis`, counted from the front."""
    ends = np.cumsum([part.shape[axis] for part in parts])
    slices = [slice(int(end) - p.shape[axis], int(end)) for end, p in zip(ends, parts, strict=True)]
    before = (slice(None),) * axis
    pulls = [lambda g, own=own: get_slice(g, (*before, own)) for own in slices]
    return Tracked(
        np.concatenate([part.value for part in parts], axis), *zip(parts, pulls, strict=True)
    )


def get_slice(inputs: Tracked, index: Index) -> Tracked:
    """Return `x[index]`."""
    value = np.asarray(inputs.value[index])
    return Tracked(value, (inputs, lambda g: set_slice(g, index, inputs.shape)))


def set_slice(inputs: Tracked, index: Index, shape: Shape) -> Tracked:
    """Return zeros of `shape` with the inputs at `index`: the adjoint of `get_slice`."""
    value = np.zeros(shape, inputs.value.dtype)
    value[index] = inputs.value
    return Tracked(value, (inputs, lambda g: get_slice(g, index)))


def pad(images: Tracked, padding: int) -> Tracked:
    """Put `padding` zeros on each of an image's sides."""
    if not padding:
        return images
    n, height, width, channels = images.shape
    sides = (n, height + 2 * padding, width + 2 * padding, channels)
    return set_slice(images, _inside(padding), sides)


def crop(images: Tracked, padding: int) -> Tracked:
    """Remove `padding` pixels from each of an image's sides."""
    return get_slice(images, _inside(padding)) if padding else images


def _inside(padding: int) -> Index:
    inner = slice(padding, -padding)
    return (slice(None), inner, inner)


def rows(table: Tracked, labels: Labels) -> Tracked:
    """Return the table's row of each label."""
    return Tracked(table.value[labels], (table, lambda g: scatter(g, labels, table.shape[0])))


def scatter(inputs: Tracked, labels: Labels, count: int) -> Tracked:
    """Sum rows by their labels into a table of `count` rows: the adjoint of `rows`."""
    value = np.zeros((count, *inputs.shape[1:]), inputs.value.dtype)
    np.add.at(value, labels, inputs.value)
    return Tracked(value, (inputs, lambda g: rows(g, labels)))


def patches(images: Tracked, side: int, stride: int) -> Tracked:
    """Return every square of `side` pixels at steps of `stride`.

    `(n, height, width, channels)` to `(n, down, across, side, side, channels)`.
    """
    windows = sliding_window_view(images.value, (side, side), axis=(1, 2))
    value = np.ascontiguousarray(windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3))
    _, height, width, _ = images.shape
    return Tracked(value, (images, lambda g: fold(g, stride, (height, width))))


def fold(squares: Tracked, stride: int, sides: Sides) -> Tracked:
    """Sum squares into images with `sides` (height, width): the adjoint of `patches`."""
    n, down, across, side, _, channels = squares.shape
    value = np.zeros((n, *sides, channels), squares.value.dtype)
    for a, b in itertools.product(range(side), repeat=2):
        below, beside = _steps(a, down, stride), _steps(b, across, stride)
        value[:, below, beside] += squares.value[:, :, :, a, b]
    return Tracked(value, (squares, lambda g: patches(g, side, stride)))


def _steps(start: int, count: int, stride: int) -> slice:
    return slice(start, start + stride * (count - 1) + 1, stride)


def shift(images: Tracked, offsets: NDArray[np.int64]) -> Tracked:
    """Shift each image down and right by its row of `offsets`, `(n, 2)`; fill with zeros."""
    value = np.zeros_like(images.value)
    for shifted, image, offset in zip(value, images.value, offsets, strict=True):
        (to_rows, from_rows), (to_columns, from_columns) = map(_overlap, offset)
        shifted[to_rows, to_columns] = image[from_rows, from_columns]
    return Tracked(value, (images, lambda g: shift(g, -offsets)))


def interpolate(images: Tracked, places: Value, axis: int) -> Tracked:
    """Return each image's values at `places`, `(n, height, width)`, along one of its sides.

    Between two pixels they are interpolated linearly; outside, they are those of the edge.
    """
    value = np.zeros_like(images.value)
    for index, weight in _neighbours(places, images.shape[axis]):
        value += weight * np.take_along_axis(images.value, index, axis)
    return Tracked(value, (images, lambda g: spread(g, places, axis)))


def spread(images: Tracked, places: Value, axis: int) -> Tracked:
    """Add each value to the pixels that it would come from: the adjoint of `interpolate`."""
    value = np.zeros_like(images.value)
    pixels: list[NDArray[np.int64]] = list(np.indices(images.shape, sparse=True))
    for index, weight in _neighbours(places, images.shape[axis]):
        pixels[axis] = index
        np.add.at(value, tuple(pixels), weight * images.value)
    return Tracked(value, (images, lambda g: interpolate(g, places, axis)))


def _neighbours(places: Value, side: int) -> list[tuple[NDArray[np.int64], Value]]:
    """Return the two pixels around each place, and their weights."""
    inside = places.clip(0, side - 1)[..., None]
    below = np.floor(inside).astype(np.int64).clip(0, max(side - 2, 0))
    share = inside - below.astype(inside.dtype)
    return [(below, 1 - share), (np.minimum(below + 1, side - 1), share)]


def _overlap(offset: int) -> tuple[slice, slice]:
    """Return the slices of a side's visible part after and before a shift by `offset`."""
    ahead, behind = max(offset, 0), max(-offset, 0)
    return slice(ahead, -behind or None), slice(behind, -ahead or None)
