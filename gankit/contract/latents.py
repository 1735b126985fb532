"""Latent noise as a pure function of the seed: plain, truncated or interpolated."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gankit._utils.counts import check_count
from gankit._utils.plain_numbers import number
from gankit.contract.random_streams import Stream, check_seed, generator
from gankit.contract.specification import Array
from gankit.errors import ConfigError, shown

Real = NDArray[np.float64]
MOST_POINTS = 10_000
"""The most points of one interpolation."""
WIDE_BOUND = 1.5
"""Up to this bound, redrawing uniform numbers accepts more of them than normal ones."""


def latents(n: int, latent: int, seed: int) -> Array:
    """Return `(n, latent)` float32 standard normal numbers, a pure function of the seed.

    The first rows do not depend on `n`.

    Parameters
    ----------
    n
        Number of rows, at least 1.
    latent
        Numbers of a row.
    seed
        Random seed, at least 0.
    """
    (whole,) = chunks(n, latent, seed, n)
    return whole


def chunks(n: int, latent: int, seed: int, size: int) -> Iterator[Array]:
    """Return an iterator over `latents`, `size` rows at a time."""
    n, latent, seed, size = map(number, (n, latent, seed, size))
    check_count("n", n)
    check_seed(seed)
    random = generator(seed, Stream.SAMPLE)
    parts = (min(size, n - start) for start in range(0, n, size))
    return (random.standard_normal((part, latent), np.float32) for part in parts)


def truncated(n: int, latent: int, seed: int, bound: float) -> Array:
    """Return `latents` with every number beyond ±`bound` redrawn until it is inside.

    The truncation trick of Brock et al. 2019, section 3.1: a smaller bound gives better and less
    diverse images. Numbers inside the bound stay, so the images remain recognisable; as in
    `latents`, the first rows do not depend on `n`.

    Parameters
    ----------
    bound
        In standard deviations, at least 0; at 0 all noise is 0, and all images are equal.

    Returns
    -------
    Array
        `(n, latent)` float32 in [-bound, bound].
    """
    n, bound = number(n), number(bound)
    check_bound(bound)
    noise = latents(n, latent, seed)
    limit = np.float32(bound)
    outside, attempt = np.abs(noise) > limit, 0
    while outside.any():
        attempt += 1
        drawn, accepted = _proposals(noise.shape, seed, attempt, limit)
        taken = outside & accepted
        noise[taken] = drawn[taken]
        outside &= ~taken
    return noise


def check_bound(bound: float) -> None:
    """Raise ConfigError unless `bound` is a number of at least 0."""
    real = isinstance(bound, int | float) and not isinstance(bound, bool)
    if not real or not bound >= 0:  # Also refuses nan.
        raise ConfigError(
            f"truncation: got {shown(bound)}; expected at least 0, in standard deviations"
        )


def interpolated(ends: Array, steps: int, normal: int | None = None) -> Array:
    """Return noise between each end and the next, spherically (Shoemake 1985; White 2016).

    Normal noise of many dimensions is near a sphere; a straight line would cross its inside, where
    the generator was not trained. The direction turns at constant speed, and the length changes
    linearly. Between opposite ends, which have no unique shortest arc, it turns towards the
    farthest coordinate axis; if an end is 0, or there is only one dimension, the line is straight.

    Parameters
    ----------
    ends
        `(k, ..., latent)`, at least two.
    steps
        Points from one end to the next, both included, 2 to 10,000.
    normal
        Number of normal columns; those after them, the codes, change along a straight line. None,
        the default, if all are normal.

    Returns
    -------
    Array
        `(k - 1, steps, ..., latent)` float32; the first and the last point are the ends.
    """
    steps = number(steps)
    if len(ends) < 2:
        raise ConfigError(f"ends: got {len(ends)}; expected at least two")
    whole = isinstance(steps, int) and not isinstance(steps, bool)
    if not whole or not 2 <= steps <= MOST_POINTS:
        raise ConfigError(
            f"steps: got {shown(steps)}; expected a whole number from 2 to {MOST_POINTS:,}"
        )
    parts = np.linspace(0, 1, steps).reshape(steps, *[1] * (ends.ndim - 1))
    points = np.asarray(ends, np.float64)
    normal = points.shape[-1] if normal is None else normal
    ways = [
        np.concatenate(
            [
                _slerp(a[None, ..., :normal], b[None, ..., :normal], parts),
                (1 - parts) * a[None, ..., normal:] + parts * b[None, ..., normal:],
            ],
            axis=-1,
        )
        for a, b in pairwise(points)
    ]
    made = np.stack(ways).astype(np.float32)
    made[:, 0], made[:, -1] = ends[:-1], ends[1:]
    return made


def _proposals(
    shape: tuple[int, ...], seed: int, attempt: int, limit: np.float32
) -> tuple[Array, NDArray[np.bool_]]:
    """Return numbers, and which of them are accepted as normal numbers within the limit."""
    random = generator(seed, Stream.SAMPLE, attempt)
    if limit > WIDE_BOUND:
        drawn = random.standard_normal(shape, np.float32)
        return drawn, np.abs(drawn) <= limit
    # Few normal numbers fall into a narrow limit: accept uniform ones by their density.
    uniform = random.random((*shape, 2), np.float32)
    drawn = (2 * uniform[..., 0] - 1) * limit
    return drawn, uniform[..., 1] < np.exp(-drawn * drawn / 2)


def _slerp(start: Real, end: Real, parts: Real) -> Real:
    """Return the point at each part of the arc from `start` to `end`, along the last axis."""
    lengths = [np.linalg.norm(x, axis=-1, keepdims=True) for x in (start, end)]
    straight = (1 - parts) * start + parts * end
    if start.shape[-1] < 2:
        return straight
    a, b = (np.divide(x, r, out=np.zeros_like(x), where=r > 0)
            for x, r in zip((start, end), lengths, strict=True))  # fmt: skip
    across, angle = _turn(a, b)
    turned = np.cos(parts * angle) * a + np.sin(parts * angle) * across
    length = (1 - parts) * lengths[0] + parts * lengths[1]
    return np.where((lengths[0] > 0) & (lengths[1] > 0), turned * length, straight)


def _turn(a: Real, b: Real) -> tuple[Real, Real]:
    """Return the unit vector across `a` towards `b`, and the angle between them, [0, pi]."""
    cosine = (a * b).sum(axis=-1, keepdims=True)
    across = b - cosine * a
    sine = np.linalg.norm(across, axis=-1, keepdims=True)
    angle = np.arctan2(sine, cosine)
    lost = (sine < 1e-9) & (cosine < 0)
    axis = np.eye(a.shape[-1])[np.abs(a).argmin(axis=-1)]
    axis = axis - (axis * a).sum(axis=-1, keepdims=True) * a
    across = np.where(lost, axis, across)
    size = np.linalg.norm(across, axis=-1, keepdims=True)
    unit = np.divide(across, size, out=np.zeros_like(across), where=size > 0)
    return unit, np.where(lost, math.pi, angle)
