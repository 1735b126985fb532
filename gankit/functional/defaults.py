"""A correct form of each optional operation, in the functions of `functional.NAMES` alone.

Results have the dtype of `x`, float32 or float64; images are `(n, height, width, channels)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

Tensor: TypeAlias = Any
Namespace: TypeAlias = Any


def softplus(xp: Namespace, x: Tensor) -> Tensor:
    """Return log(1 + exp(x)), of the shape of `x` (Dugas et al. 2001).

    For positive x it is x + log(1 + exp(-x)), so that exp cannot overflow. The branch of x = 0 is
    log(1 + exp(x)), whose derivative is 1/2 there.
    """
    zeros = xp.zeros_like(x)
    above, below = xp.where(x > 0, x, zeros), xp.where(x > 0, zeros, x)
    return xp.where(x > 0, above + xp.log1p(xp.exp(-above)), xp.log1p(xp.exp(below)))


def sigmoid(xp: Namespace, x: Tensor) -> Tensor:
    """Return 1 / (1 + exp(-x)), of the shape of `x`, which is the derivative of `softplus`.

    It is computed as exp(-softplus(-x)), which keeps small values exact.
    """
    return xp.exp(-softplus(xp, -x))


def relu(xp: Namespace, x: Tensor) -> Tensor:
    """Return max(x, 0), of the shape of `x`, whose derivative at 0 is 0 (Nair & Hinton 2010)."""
    return xp.where(x > 0, x, xp.zeros_like(x))


def logsumexp(xp: Namespace, constant: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return log(sum(exp(x))) of `(n,)` numbers, a scalar of their dtype.

    The largest is subtracted first, as a constant, so that exp cannot overflow.
    """
    most = constant(xp.max(x, axis=0, keepdims=True))
    return xp.log(xp.sum(xp.exp(x - most))) + xp.reshape(most, ())


def row_logsumexp(xp: Namespace, constant: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return log(sum(exp(x))) of each row of `(n, k)` numbers, `(n, 1)`; as `logsumexp` else."""
    most = constant(xp.max(x, axis=1, keepdims=True))
    return xp.log(xp.sum(xp.exp(x - most), axis=1, keepdims=True)) + most


def upsample(xp: Namespace, x: Tensor, factor: int) -> Tensor:
    """Repeat each pixel of `(n, h, w, c)` images along both sides, by nearest neighbour.

    The result is `(n, factor * h, factor * w, c)`.
    """
    n, height, width, channels = x.shape
    pixels = xp.reshape(x, (n, height, 1, width, 1, channels))
    repeated = xp.broadcast_to(pixels, (n, height, factor, width, factor, channels))
    return xp.reshape(repeated, (n, height * factor, width * factor, channels))


def average_pool(xp: Namespace, x: Tensor, size: int) -> Tensor:
    """Average `(n, h, w, c)` images over adjacent squares of `size` by `size` pixels.

    The result is `(n, h / size, w / size, c)`; `size` divides both sides.
    """
    _, height, width, channels = x.shape
    squares = (-1, height // size, size, width // size, size, channels)
    return xp.mean(xp.reshape(x, squares), axis=(2, 4))


def blur_pool(xp: Namespace, x: Tensor) -> Tensor:
    """Return `(n, h, w, c)` images blurred by [1, 2, 1] and halved, as `layers.BlurPool` says."""
    none = (0, 0)
    rows = xp.pad(x, (none, (1, 0), none, none), "constant")
    rows = 0.25 * (rows[:, :-1:2] + 2 * x[:, ::2] + x[:, 1::2])
    columns = xp.pad(rows, (none, none, (1, 0), none), "constant")
    return 0.25 * (columns[:, :, :-1:2] + 2 * rows[:, :, ::2] + rows[:, :, 1::2])


def blur_upsample(xp: Namespace, x: Tensor) -> Tensor:
    """Return `(n, h, w, c)` images with both sides doubled, as `layers.BlurUpsample` says."""
    _, height, width, channels = x.shape
    none, more = (0, 0), (0, 1)
    below = xp.pad(x, (none, more, none, none), "constant")[:, 1:]
    rows = xp.concatenate([x, 0.5 * (x + below)], axis=2)
    rows = xp.reshape(rows, (-1, 2 * height, width, channels))
    beside = xp.pad(rows, (none, none, more, none), "constant")[:, :, 1:]
    columns = xp.concatenate([rows, 0.5 * (rows + beside)], axis=3)
    return xp.reshape(columns, (-1, 2 * height, 2 * width, channels))


def row_products(xp: Namespace, x: Tensor, y: Tensor) -> Tensor:
    """Return `x @ y'` for stacks of matrices: `(n, i, f)` and `(n, j, f)` to `(n, i, j)`."""
    rows, features = x.shape[1:]
    first = xp.reshape(x, (-1, rows, 1, features))
    return xp.sum(first * xp.reshape(y, (-1, 1, y.shape[1], features)), axis=3)


def cross_entropy(
    xp: Namespace, constant: Callable[[Tensor], Tensor], logits: Tensor, labels: Tensor
) -> Tensor:
    """Return the mean of `logsumexp(c) - c[label]`, a scalar: -log of the softmax at the label.

    `logits` and the one-hot `labels` are `(B, classes)`, of the same dtype. A row of zeros is no
    label: the mean is over the other rows, and 0 without any.
    """
    lengths = row_logsumexp(xp, constant, logits)[:, 0]
    labelled = xp.sum(labels, axis=1)
    values = labelled * (lengths - xp.sum(logits * labels, axis=1))
    count = xp.sum(labelled)
    return xp.sum(values) / xp.where(count > 0, count, xp.ones_like(count))


def conv(
    xp: Namespace, x: Tensor, kernel: Tensor, stride: int, padding: int, groups: int
) -> Tensor:
    """Return a convolution as one matrix product of patches and kernel, for each group.

    `x` is `(n, h, w, c)`, `kernel` `(k, k, c / groups, filters)`, and the result
    `(n, rows, columns, filters)` with `rows = (h + 2 * padding - k) // stride + 1`. As in deep
    learning, the kernel is not turned (Goodfellow et al. 2016, section 9.1). The patches are those
    of im2col (Chellapilla et al. 2006).
    """
    x = pad(xp, x, padding)
    inputs, outputs = kernel.shape[2], kernel.shape[3] // groups
    made = [
        _conv_of_group(
            xp,
            x[:, :, :, group * inputs : (group + 1) * inputs],
            kernel[:, :, :, group * outputs : (group + 1) * outputs],
            stride,
        )
        for group in range(groups)
    ]
    return made[0] if groups == 1 else xp.concatenate(made, axis=3)


def _conv_of_group(xp: Namespace, x: Tensor, kernel: Tensor, stride: int) -> Tensor:
    """Return the convolution of `(n, h, w, c)` with `(k, k, c, filters)`, without padding."""
    side, _, channels, filters = kernel.shape
    n, height, width, _ = x.shape
    rows, columns = (height - side) // stride + 1, (width - side) // stride + 1
    below, beside = (rows - 1) * stride + 1, (columns - 1) * stride + 1
    patches = [
        x[:, a : a + below : stride, b : b + beside : stride, :]
        for a in range(side)
        for b in range(side)
    ]
    flat = xp.reshape(xp.concatenate(patches, axis=3), (-1, side * side * channels))
    made = xp.matmul(flat, xp.reshape(kernel, (side * side * channels, filters)))
    return xp.reshape(made, (n, rows, columns, filters))


def conv_transpose(
    xp: Namespace,
    conv: Callable[..., Tensor],
    x: Tensor,
    kernel: Tensor,
    stride: int,
    padding: int,
) -> Tensor:
    """Return a transposed convolution (Dumoulin & Visin 2016, section 4).

    It is `conv` of the image with `stride - 1` zeros between its pixels, with the kernel turned by
    180 degrees. `x` is `(n, h, w, c)`, `kernel` `(k, k, c, filters)`, and the result
    `(n, (h - 1) * stride + k - 2 * padding, ..., filters)`.
    """
    side = kernel.shape[0]
    n, height, width, channels = x.shape
    spread = xp.reshape(x, (n, height, 1, width, 1, channels))
    none, gaps = (0, 0), (0, stride - 1)
    spread = xp.pad(spread, (none, none, gaps, none, gaps, none), "constant")
    spread = xp.reshape(spread, (n, height * stride, width * stride, channels))
    spread = spread[:, : (height - 1) * stride + 1, : (width - 1) * stride + 1, :]
    turned = _reversed(xp, _reversed(xp, kernel, 0), 1)
    return conv(spread, turned, stride=1, padding=side - 1 - padding, groups=1)


def _reversed(xp: Namespace, kernel: Tensor, axis: int) -> Tensor:
    """Return a `(k, k, in, out)` kernel with its rows or columns in reverse order."""
    order = reversed(range(kernel.shape[axis]))
    parts = [kernel[i : i + 1] if axis == 0 else kernel[:, i : i + 1] for i in order]
    return xp.concatenate(parts, axis=axis)


def pad(xp: Namespace, x: Tensor, padding: int) -> Tensor:
    """Return `(n, h, w, c)` images with `padding` rows and columns of zeros on each side."""
    sides = (padding, padding)
    return xp.pad(x, ((0, 0), sides, sides, (0, 0)), "constant") if padding else x


def shift(xp: Namespace, images: Tensor, offsets: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Shift images down and right, as products with matrices that have a 1 at each source.

    Pixels from outside are 0 (Zhao et al. 2020, "translation"). `images` are `(B, h, w, c)`,
    `offsets` `(B, 2)` whole numbers, `rows` and `columns` the numbers `(h,)` and `(w,)` of the
    rows and of the columns, all in the images' precision. The result has the images' shape.
    """
    n, height, width, channels = images.shape
    down = _shifts(xp, offsets[:, :1], rows)
    moved = xp.matmul(down, xp.reshape(images, (n, height, width * channels)))
    right = _shifts(xp, offsets[:, 1:], columns)
    right = xp.broadcast_to(xp.reshape(right, (n, 1, width, width)), (n, height, width, width))
    return xp.matmul(right, xp.reshape(moved, (n, height, width, channels)))


def _shifts(xp: Namespace, offsets: Tensor, places: Tensor) -> Tensor:
    """Return `(B, side, side)` matrices: 1 in row i and column i - offset, else 0."""
    differences = xp.reshape(places, (1, -1, 1)) - xp.reshape(places, (1, 1, -1))
    differences = differences - xp.reshape(offsets, (-1, 1, 1))
    return xp.where(differences == 0, xp.ones_like(differences), xp.zeros_like(differences))


def warp(
    xp: Namespace,
    products: Callable[[Tensor, Tensor], Tensor],
    images: Tensor,
    maps: Tensor,
    rows: Tensor,
    columns: Tensor,
) -> Tensor:
    """Return warped `(B, h, w, c)` images, as `gankit.augment.AugmentOps.warp` says.

    Each pass is a product with matrices of the weights of pixels, so its derivative is one too.
    `products` are `Operations.column_products`; `rows` and `columns` the numbers `(h,)` and `(w,)`
    of the rows and of the columns, in the images' precision.
    """
    images = xp.matmul(_weights(xp, maps[:, 0], columns, rows), images)
    return products(_weights(xp, maps[:, 1], rows, columns), images)


def transpose(xp: Namespace, images: Tensor) -> Tensor:
    """Return `(n, w, h, c)`: `(n, h, w, c)` images with rows in place of columns."""
    _, height, width, channels = images.shape
    columns = [images[:, :, column : column + 1] for column in range(width)]
    rows = [xp.reshape(column, (-1, 1, height, channels)) for column in columns]
    return xp.concatenate(rows, axis=1)


def column_products(xp: Namespace, matrices: Tensor, images: Tensor) -> Tensor:
    """Return `(n, i, w, c)` products of a matrix for each column with that column.

    `matrices` are `(n, w, i, h)` and `images` `(n, h, w, c)`.
    """
    columns, made, height = matrices.shape[1:]
    width, channels = images.shape[2:]
    parts = [
        xp.matmul(matrices[:, column], xp.reshape(images[:, :, column], (-1, height, channels)))
        for column in range(columns)
    ]
    return xp.reshape(xp.concatenate(parts, axis=2), (-1, made, width, channels))


def _weights(xp: Namespace, numbers: Tensor, along: Tensor, across: Tensor) -> Tensor:
    """Return `(B, other, side, side)`: the weight of each pixel of a line in each of its new ones.

    `numbers` are `(B, 3)`, scale, shear and shift; `along` the numbers of the pixels of a line,
    `across` those of the lines.
    """
    last, scale, shear, shift = (
        along.shape[0] - 1,
        *(xp.reshape(numbers[:, i], (-1, 1, 1)) for i in range(3)),
    )
    places = xp.reshape(along - last / 2, (1, 1, -1))
    lines = xp.reshape(across - (across.shape[0] - 1) / 2, (1, -1, 1))
    places = xp.clip(scale * places + shear * lines + shift + last / 2, 0, last)
    places = xp.reshape(places, (-1, across.shape[0], last + 1, 1))
    distances = places - xp.reshape(along, (1, 1, 1, -1))
    return xp.clip(1 - xp.sqrt(xp.square(distances)), 0, 1)


def take(xp: Namespace, x: Tensor, index: Tensor, places: Tensor, axis: int) -> Tensor:
    """Return rows of `x`: the product of a matrix that has a 1 at each position with `x`.

    `index`, of any shape, takes the place of `axis`. `places` are the numbers of the rows, in the
    same dtype.
    """
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    rows = xp.reshape(x, (math.prod(before), x.shape[axis], math.prod(after)))
    at = xp.reshape(index, (1, -1, 1)) == xp.reshape(places, (1, 1, -1))
    ones = xp.ones_like(rows[:, :1, :1])
    chosen = xp.where(at, ones, xp.zeros_like(ones))
    return xp.reshape(xp.matmul(chosen, rows), (*before, *index.shape, *after))
