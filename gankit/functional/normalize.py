"""Normalisation of values and of kernels."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from gankit.functional.operations import Operations, Tensor
from gankit.functional.sums import Sums
from gankit.layers import MinibatchStd

Moments: TypeAlias = tuple[Tensor, Tensor]
"""Mean and (biased) variance."""


def moments(xp: Any, x: Tensor, axes: tuple[int, ...]) -> Moments:  # noqa: ANN401 - a namespace.
    """Return mean and biased variance of `x` over `axes`, which remain as axes of length 1."""
    mean = xp.mean(x, axis=axes, keepdims=True)
    centred = x - mean
    return mean, xp.mean(xp.square(centred), axis=axes, keepdims=True)


def batch_moments(
    xp: Any,  # noqa: ANN401 - a namespace.
    sums: Sums,
    x: Tensor,
    axes: tuple[int, ...],
) -> Moments:
    """Return `moments` of the rows of all processes together, the same bits in each.

    The processes' own moments are combined by their numbers of rows (Chan et al. 1979, "Updating
    formulae and a pairwise algorithm for computing sample variances").

    Parameters
    ----------
    xp, x, axes
        As in `moments`; the first of `axes` is that of the rows.
    sums
        The sums over the processes.
    """
    mean, variance = moments(xp, x, axes)
    world = sums.world
    if world.size == 1:
        return mean, variance
    # As many ones as values of a channel: a framework may not know their number while it compiles.
    rows = xp.ones_like(mean) * xp.sum(xp.ones_like(x[..., :1]), axis=axes, keepdims=True)
    own = [xp.reshape(each, (1, 1, *mean.shape)) for each in (mean, variance, rows)]
    places = ((world.rank, world.size - 1 - world.rank), *((0, 0),) * (1 + len(mean.shape)))
    each = sums.total(xp.pad(xp.concatenate(own, axis=1), places, "constant"))
    means, variances, counts = each[:, 0], each[:, 1], each[:, 2]
    shares = counts / xp.sum(counts, axis=0)
    mean = xp.sum(shares * means, axis=0)
    return mean, xp.sum(shares * (variances + xp.square(means - mean)), axis=0)


def batch_deviations(
    xp: Any,  # noqa: ANN401 - a namespace.
    sums: Sums,
    x: Tensor,
    halves: int,
    layer: MinibatchStd,
) -> Tensor:
    """Return the number of each group of images, as `gankit.layers.MinibatchStd` defines it.

    Parameters
    ----------
    xp
        The framework's `xp`.
    sums
        The sums over the processes.
    x
        `(halves * n, ...)` values of this process's images.
    halves
        Number of concatenated batches.
    layer
        The layer. Without groups, each half is one; else this process's images are whole groups.

    Returns
    -------
    Tensor
        `(groups, 1)`.
    """
    if layer.group:
        _, variance = moments(xp, xp.reshape(x, (-1, layer.group, *x.shape[1:])), (1,))
    else:
        _, variance = batch_moments(xp, sums, xp.reshape(x, (halves, -1, *x.shape[1:])), (1,))
    size = math.prod(x.shape[1:])
    deviations = xp.reshape(xp.sqrt(variance + layer.epsilon), (-1, size))
    return xp.mean(deviations, axis=1, keepdims=True)


def mean_of_groups(xp: Any, sums: Sums, deviations: Tensor, layer: MinibatchStd) -> Tensor:  # noqa: ANN401
    """Return the mean of the `deviations` of all processes, `(1,)`, which the running one follows.

    Parameters
    ----------
    xp, sums, layer
        As in `batch_deviations`.
    deviations
        What that returned, as a constant.
    """
    if layer.group and sums.world.size > 1:
        ones = xp.ones_like(deviations)
        both = sums.total(xp.sum(xp.concatenate([deviations, ones], axis=1), axis=0))
        return both[:1] / both[1:]
    return xp.mean(deviations, axis=0)


def normalize(
    xp: Any,  # noqa: ANN401
    x: Tensor,
    statistics: Moments,
    affine: tuple[Tensor, Tensor],
    epsilon: float,
) -> Tensor:
    """Return `gamma * (x - mean) / sqrt(variance + epsilon) + beta` in the shape of `x`.

    This is batch normalisation (Ioffe & Szegedy 2015, algorithm 1) or layer normalisation (Ba et
    al. 2016), by the axes of its statistics.

    Parameters
    ----------
    xp
        The framework's `xp`.
    x
        The inputs, of any shape.
    statistics
        The mean and the variance, which broadcast to `x` and have its dtype.
    affine
        gamma and beta, likewise.
    epsilon
        Added to the variance.
    """
    (mean, variance), (gamma, beta) = statistics, affine
    return (x - mean) * (gamma / xp.sqrt(variance + epsilon)) + beta


def power_iteration(ops: Operations, kernel: Tensor, u: Tensor) -> Tensor:
    """Return `normalised(W' normalised(W u))`, a constant (Miyato et al. 2018, algorithm 1).

    Parameters
    ----------
    ops
        The operations on the tensors.
    kernel
        W as `(..., columns)`; its rows are all axes but the last.
    u
        `(columns,)`, the vector before.
    """
    xp = ops.xp
    rows = xp.reshape(ops.constant(kernel), (-1, kernel.shape[-1]))
    left = _unit(xp, xp.matmul(rows, xp.reshape(u, (-1, 1))))
    return _unit(xp, xp.reshape(xp.matmul(xp.reshape(left, (1, -1)), rows), u.shape))


def spectral_norm(xp: Any, kernel: Tensor, u: Tensor) -> Tensor:  # noqa: ANN401 - a namespace.
    """Return `|W u|`, a scalar: the largest singular value of W if `u` is its right vector.

    `kernel` and `u`, a constant, are as in `power_iteration` (Miyato et al. 2018, equation 7).
    """
    stretched = xp.matmul(xp.reshape(kernel, (-1, kernel.shape[-1])), xp.reshape(u, (-1, 1)))
    return xp.sqrt(xp.sum(xp.square(stretched)))


def _unit(xp: Any, vector: Tensor) -> Tensor:  # noqa: ANN401 - a namespace.
    """Return a vector over its length; a zero vector unchanged."""
    length = xp.sqrt(xp.sum(xp.square(vector)))
    return vector / xp.where(length > 0, length, xp.ones_like(length))
