"""Precision, recall, density and coverage, from balls that reach to the k-th nearest neighbour.

Kynkäänniemi et al. 2019, "Improved precision and recall metric", eq. 1 and 2; Naeem et al. 2020,
"Reliable fidelity and diversity metrics", eq. 3 and 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gankit._text import counted
from gankit.errors import ConfigError
from gankit.evaluation.chunks import chunks
from gankit.evaluation.image_arrays import Real

NEIGHBOURS = 5
"""k in Naeem et al. 2020, §4; their code uses it for precision and recall too."""

ROWS_AT_ONCE = 500
"""Rows of the distance table computed at once, at most."""

CELLS_AT_ONCE = 5 * 10**6
"""Numbers of the table computed at once, 40 MB; with many columns the rows are fewer."""

ROUNDING = 1e-12
"""Rounding error of a squared distance, as a fraction of the squared features."""


@dataclass(frozen=True)
class Balls:
    """How two sets of features overlap.

    Attributes
    ----------
    precision
        Share of the fakes inside a ball around a real, 0 to 1.
    recall
        Share of the reals inside a ball around a fake, 0 to 1.
    density
        Mean number of balls around reals that a fake is inside, over k: about 1 for equal
        distributions.
    coverage
        Share of the reals whose ball contains a fake, 0 to 1.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def radii(features: Real, neighbours: int = NEIGHBOURS) -> Real:
    """Return the `(n,)` squared distance of each feature to its k-th nearest other feature.

    Raises
    ------
    ConfigError
        There are not more than `neighbours` features, or `neighbours` is below 1.
    """
    if not 1 <= neighbours < len(features):
        raise ConfigError(
            f"neighbours: got {neighbours} for {counted(len(features), 'image')}; expected 1 to "
            "one less"
        )
    reach = np.empty(len(features))
    for part, table in _distances(features, features):
        table.partition(neighbours, axis=1)
        reach[part] = table[:, neighbours]  # The nearest is the feature itself.
    return reach


def balls(
    fake: Real,
    real: Real,
    neighbours: int = NEIGHBOURS,
    real_radii: Real | None = None,
) -> Balls:
    """Return precision, recall, density and coverage of `(n, d)` fakes among `(m, d)` reals.

    A ball includes its surface. `real_radii`, if given, is `radii(real, neighbours)`.
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
    """Yield a slice of `a`, and the squared distances of those features to all of `b`."""
    # Centre first: far from 0, distances would be small differences of large numbers.
    middle = b.mean(0)
    a, b = a - middle, b - middle
    squares_a, squares_b = np.sum(a * a, 1), np.sum(b * b, 1)
    for part in chunks(len(a), min(ROWS_AT_ONCE, max(1, CELLS_AT_ONCE // len(b)))):
        sums = squares_a[part, None] + squares_b
        table = sums - 2 * (a[part] @ b.T)
        table[table < ROUNDING * sums] = 0
        yield part, table
