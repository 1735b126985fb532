"""The noise that images are made of, as a pure function of the seed: as it is, cut off, between."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gankit._utils.counts import check_count
from gankit._utils.plain_numbers import number
from gankit.contract.problem import Array
from gankit.contract.random_streams import Stream, check_seed, generator
from gankit.errors import ConfigError, shown

Real = NDArray[np.float64]
LONGEST = 10_000
"""Points of a way."""
WIDE = 1.5
"""From this bound on, most normal numbers lie within it, and below it most uniform ones do."""


def latents(n: int, latent: int, seed: int) -> Array:
    """Return `(n, latent)` float32 standard normal numbers, a pure function of the seed.

    More of them begin with the same ones.
    """
    (whole,) = chunks(n, latent, seed, n)
    return whole


def chunks(n: int, latent: int, seed: int, size: int) -> Iterator[Array]:
    """Return what yields `latents`, `size` rows at a time, and the rest at last."""
    n, latent, seed, size = map(number, (n, latent, seed, size))
    check_count("the number of images", n)
    check_seed(seed)
    random = generator(seed, Stream.SAMPLE)
    parts = (min(size, n - start) for start in range(0, n, size))
    return (random.standard_normal((part, latent), np.float32) for part in parts)


def truncated(n: int, latent: int, seed: int, bound: float) -> Array:
    """Return `latents` with every number beyond ±`bound` redrawn until it lies within.

    The truncation trick of Brock et al. 2019, section 3.1: a smaller bound gives better and less
    different images. Numbers within the bound stay, so the images stay recognisable; and as in
    `latents`, more of them begin with the same ones.

    Parameters
    ----------
    bound
        In standard deviations, at least 0; at 0 all noise is 0, and all images are one.

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
        drawn, kept = _proposals(noise.shape, seed, attempt, limit)
        taken = outside & kept
        noise[taken] = drawn[taken]
        outside &= ~taken
    return noise


def check_bound(bound: float) -> None:
    """Raise ConfigError unless noise can be truncated so."""
    real = isinstance(bound, int | float) and not isinstance(bound, bool)
    if not real or not bound >= 0:  # nan is not, either.
        raise ConfigError(f"truncation is {shown(bound)}; it is at least 0, in standard deviations")


def interpolated(ends: Array, steps: int) -> Array:
    """Return noise on the way from each end to the next, spherically (Shoemake 1985; White 2016).

    Normal noise of many dimensions lies near a sphere; a straight way would cut through the
    inside, where a generator has seen nothing. The direction turns at one speed, and the length
    goes from that of one end to that of the other. Between opposite ends, where every way is as
    short, it turns towards the axis that is farthest from them; where one of the ends is 0, or
    there is but one dimension, the way is straight.

    Parameters
    ----------
    ends
        `(k, ..., latent)`, at least two.
    steps
        Points of each way, both its ends among them, 2 to 10,000.

    Returns
    -------
    Array
        `(k - 1, steps, ..., latent)` float32; the first and the last of a way are its ends.
    """
    steps = number(steps)
    if len(ends) < 2:
        raise ConfigError("to interpolate takes at least two seeds, such as 1,2")
    whole = isinstance(steps, int) and not isinstance(steps, bool)
    if not whole or not 2 <= steps <= LONGEST:
        raise ConfigError(
            f"steps is {shown(steps)}; a way has from 2, its two ends, to {LONGEST:,}"
        )
    parts = np.linspace(0, 1, steps).reshape(steps, *[1] * (ends.ndim - 1))
    ways = [_slerp(a[None], b[None], parts) for a, b in pairwise(np.asarray(ends, np.float64))]
    made = np.stack(ways).astype(np.float32)
    made[:, 0], made[:, -1] = ends[:-1], ends[1:]
    return made


def _proposals(
    shape: tuple[int, ...], seed: int, attempt: int, limit: np.float32
) -> tuple[Array, NDArray[np.bool_]]:
    """Return numbers, and which of them count as drawn from the normal law within the limit."""
    random = generator(seed, Stream.SAMPLE, attempt)
    if limit > WIDE:
        drawn = random.standard_normal(shape, np.float32)
        return drawn, np.abs(drawn) <= limit
    # Narrow as it is, few normal numbers would fall into it: uniform ones, kept by their density.
    uniform = random.random((*shape, 2), np.float32)
    drawn = (2 * uniform[..., 0] - 1) * limit
    return drawn, uniform[..., 1] < np.exp(-drawn * drawn / 2)


def _slerp(start: Real, end: Real, parts: Real) -> Real:
    """Return what lies at each part of the way from `start` to `end`, along the last axis."""
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
    """Return the direction across `a` in which `b` lies, and the angle between them, [0, pi]."""
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
