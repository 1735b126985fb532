"""A histogram of the classes of generated images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gankit.data.class_names import Classes
from gankit.report.metrics import baseline
from gankit.report.run_data import Gathered
from gankit.runs.evaluation_log import newest

MOST = 1000
"""Classes that a histogram can have."""


@dataclass(frozen=True)
class Bar:
    """One class.

    Attributes
    ----------
    name
        The class.
    share, real
        Of generated images, and of real test images where that was measured, in [0, 1].
    width, mark
        The same as percentages of the chart's width.
    """

    name: str
    share: float
    real: float | None
    width: float
    mark: float | None


def histogram(run: Gathered) -> list[Bar]:
    """Return a bar for each class of the newest evaluation; empty if it has no classes."""
    last = newest(run.evaluations)
    shares, real = _shares(last), _shares(baseline(run.evaluations, last))
    if len(real) != len(shares):
        real = []
    names = Classes.of(run.class_names, len(shares)).names
    widest = max([*shares, *real, 1e-9])
    return [
        Bar(
            names[i], share, real[i] if real else None, 100 * share / widest,
            100 * real[i] / widest if real else None,
        )
        for i, share in enumerate(shares)
    ]  # fmt: skip


def _shares(table: Mapping[str, object]) -> list[float]:
    found = table.get("histogram")
    if not isinstance(found, list) or not 0 < len(found) <= MOST:
        return []
    whole = all(isinstance(share, int | float) and 0 <= share <= 1 for share in found)
    return [float(share) for share in found] if whole else []
