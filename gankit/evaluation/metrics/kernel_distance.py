"""Kernel distance (KID) between two sets of features: unbiased by the number of images.

Bińkowski, Sutherland, Arbel & Gretton 2018, "Demystifying MMD GANs", §4; the unbiased estimate
of MMD² is eq. 3 of Gretton et al. 2012. It may fall below 0.
"""

from __future__ import annotations

import numpy as np

from gankit._text import counted
from gankit.contract.random_streams import Stream, generator
from gankit.errors import ConfigError
from gankit.evaluation.chunks import chunks
from gankit.evaluation.image_arrays import Real

SUBSETS = 50
SUBSET = 1000
"""Images of each set in a subset, at most half of the smaller set."""

FEWEST = 4
"""Images that a set needs for subsets: two halves of two."""

ROWS_AT_ONCE = 1000
"""Rows of the kernel matrix computed at once, at most."""

CELLS_AT_ONCE = 10**7
"""Numbers of the matrix computed at once, 80 MB; with many columns the rows are fewer."""


def kernel_distance(a: Real, b: Real) -> float:
    """Return the unbiased MMD² of `(n, d)` and `(m, d)` features; ConfigError if n or m < 2."""
    n, m = len(a), len(b)
    if min(n, m) < 2:
        raise ConfigError(f"kernel distance: got {n} and {counted(m, 'image')}; expected 2 of each")
    within_a = (_sum(a, a) - _diagonal(a)) / (n * (n - 1))
    within_b = (_sum(b, b) - _diagonal(b)) / (m * (m - 1))
    return within_a + within_b - 2 * _sum(a, b) / (n * m)


def subset_distances(
    a: Real, b: Real, subsets: int = SUBSETS, size: int = SUBSET, seed: int = 0
) -> Real:
    """Return `(subsets,)` unbiased MMD², each between random subsets of equal size.

    Parameters
    ----------
    a, b
        `(n, d)` and `(m, d)` float64.
    subsets
        Number of subsets.
    size
        Features in a subset, drawn without replacement; at most half of the smaller set. Larger
        subsets share most of their features, and their spread would be too small.
    seed
        Random seed.

    Raises
    ------
    ConfigError
        A set has fewer than 4 features.
    """
    fewest = min(len(a), len(b))
    if fewest < FEWEST:
        raise ConfigError(
            f"subset_distances: got sets of {len(a)} and {counted(len(b), 'image')}; expected at "
            f"least {FEWEST} in each; give more, or use kernel_distance"
        )
    random = generator(seed, Stream.SUBSETS)
    size = min(size, fewest // 2)
    pairs = [
        (random.choice(len(a), size, replace=False), random.choice(len(b), size, replace=False))
        for _ in range(subsets)
    ]
    return np.array([kernel_distance(a[i], b[j]) for i, j in pairs])


def _sum(a: Real, b: Real) -> float:
    """Return the sum of (xᵀy/d + 1)³ over all pairs."""
    width = a.shape[1]
    total = 0.0
    for part in chunks(len(a), min(ROWS_AT_ONCE, max(1, CELLS_AT_ONCE // len(b)))):
        base = a[part] @ b.T
        base /= width
        base += 1
        # Multiplication is many times faster than a power.
        total += float(np.vdot(base * base, base))
    return total


def _diagonal(a: Real) -> float:
    """Return the sum of the kernel over each feature with itself."""
    return float(np.sum((np.sum(a * a, axis=1) / a.shape[1] + 1) ** 3))
