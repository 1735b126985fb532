"""Precision, recall, density and coverage, by balls that reach to the k-th nearest neighbour.

Kynkäänniemi et al. 2019, "Improved precision and recall metric", eq. 1 and 2; Naeem et al. 2020,
"Reliable fidelity and diversity metrics", eq. 3 and 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gankit.errors import ConfigError
from gankit.evaluation.pixels import Real, chunks

NEIGHBOURS = 5
"""Of Naeem et al. 2020, §4; also what their code takes for precision and recall."""

ROWS = 500
"""Rows of the table of distances computed at once, at most."""

CELLS = 5 * 10**6
"""Numbers of the table computed at once, 40 MB: fewer rows where there are many columns."""

ROUNDING = 1e-12
"""What part of a feature's square rounding may add to a squared distance."""


@dataclass(frozen=True)
class Balls:
    """How two sets lie to each other.

    Attributes
    ----------
    precision
        Part of the fakes that lie in a ball around a real, 0 to 1.
    recall
        Part of the reals that lie in a ball around a fake, 0 to 1.
    density
        In how many balls around reals a fake lies, over k: about 1 for equal distributions.
    coverage
        Part of the reals whose ball holds a fake, 0 to 1.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def radii(features: Real, neighbours: int = NEIGHBOURS) -> Real:
    """Return the `(n,)` squared distance of each feature to its k-th nearest other one.

    Raises
    ------
    ConfigError
        There are not more than `neighbours` features, or `neighbours` is below 1.
    """
    if not 1 <= neighbours < len(features):
        raise ConfigError(
            f"neighbours is {neighbours} for {len(features)} images; it is from 1 to one less"
        )
    reach = np.empty(len(features))
    for part, table in _distances(features, features):
        table.partition(neighbours, axis=1)
        reach[part] = table[:, neighbours]  # The nearest of all is the feature itself.
    return reach


def balls(
    fake: Real,
    real: Real,
    neighbours: int = NEIGHBOURS,
    real_radii: Real | None = None,
) -> Balls:
    """Return precision, recall, density and coverage of `(n, d)` fakes among `(m, d)` reals.

    A ball holds its surface. `real_radii` are `radii(real, neighbours)` where they are known.
    """
    reach_real = radii(real, neighbours) if real_radii is None else real_radii
    reach_fake = radii(fake, neighbours)
    counts = np.zeros(len(fake), np.int64)
    recalled, covered = np.zeros((2, len(real)), np.bool_)
    for part, table in _distances(fake, real):
        inside = table <= reach_real
        counts[part] = inside.sum(1)
        covered |= inside.any(0)
        recalled |= (table <= reach_fake[part, None]).any(0)
    return Balls(
        precision=float((counts > 0).mean()),
        recall=float(recalled.mean()),
        density=float(counts.mean() / neighbours),
        coverage=float(covered.mean()),
    )


def _distances(a: Real, b: Real) -> Iterator[tuple[slice, Real]]:
    """Yield squared distances of some of `a` to all of `b`, with which of `a` they are."""
    # Distances of features far from 0 would be small differences of large numbers.
    middle = b.mean(0)
    a, b = a - middle, b - middle
    squares_a, squares_b = np.sum(a * a, 1), np.sum(b * b, 1)
    for part in chunks(len(a), min(ROWS, max(1, CELLS // len(b)))):
        sums = squares_a[part, None] + squares_b
        table = sums - 2 * (a[part] @ b.T)
        table[table < ROUNDING * sums] = 0
        yield part, table
