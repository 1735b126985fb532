"""The histogram of the classes of generated images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gankit.data.class_names import Classes
from gankit.report.run_data import RunData
from gankit.runs.evaluation_log import newest
from gankit.runs.metric_table import baseline

MOST_CLASSES = 1000
"""The most classes of a histogram; one with more is not shown."""


@dataclass(frozen=True)
class Bar:
    """The bar of one class.

    Attributes
    ----------
    name
        The name of the class.
    share, real
        Its share of the generated images and of the real test images, in [0, 1]; `real` is None
        if it was not measured.
    width, mark
        Length of the bar and position of the mark for `real`, as percentages of the chart's width.
    """

    name: str
    share: float
    real: float | None
    width: float
    mark: float | None


def histogram(run: RunData) -> list[Bar]:
    """Return a bar for each class of the newest evaluation; empty if it has no classes."""
    last = newest(run.evaluations)
    shares, real = _shares(last), _shares(baseline(run.evaluations, last))
    if len(real) != len(shares):
        real = []
    names = Classes.of(run.class_names, len(shares)).names
    widest = max([*shares, *real, 1e-9])
    return [
        Bar(
            names[i],
            share,
            real[i] if real else None,
            100 * share / widest,
            100 * real[i] / widest if real else None,
        )
        for i, share in enumerate(shares)
    ]


def _shares(table: Mapping[str, object]) -> list[float]:
    found = table.get("histogram")
    if not isinstance(found, list) or not 0 < len(found) <= MOST_CLASSES:
        return []
    valid = all(isinstance(share, int | float) and 0 <= share <= 1 for share in found)
    return [float(share) for share in found] if valid else []
