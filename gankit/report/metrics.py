"""The names of an evaluation's metrics, and whether higher or lower is better."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gankit.runs import evaluation_log
from gankit.runs.evaluation_log import Row

LOWER, HIGHER, CLOSER = "lower is better", "higher is better", "best near the real images'"


@dataclass(frozen=True)
class Figure:
    """One field of `gankit.evaluation.Evaluation` that a page shows.

    Attributes
    ----------
    key, title
        The field, and what it is called.
    better
        Which way is better.
    drawn
        Whether it has a curve, beside its row in the table.
    """

    key: str
    title: str
    better: str
    drawn: bool = True


FIGURES = (
    Figure("frechet", "Fréchet distance", LOWER),
    Figure("kernel", "Kernel distance", LOWER),
    Figure("precision", "Precision", HIGHER),
    Figure("recall", "Recall", HIGHER),
    Figure("density", "Density", HIGHER),
    Figure("coverage", "Coverage", HIGHER),
    Figure("score", "Classifier score", HIGHER),
    Figure("confidence", "Classifier's confidence", CLOSER, drawn=False),
    Figure("histogram_divergence", "Divergence of classes", LOWER, drawn=False),
    Figure("classes_seen", "Classes seen", HIGHER, drawn=False),
    Figure("nearest", "Distance to the nearest real image", CLOSER, drawn=False),
)


def number(table: Mapping[str, Any], key: str) -> float | None:
    """Return a finite number of the table, or None."""
    value = table.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < float("inf") else None


def baseline(rows: Sequence[Row], row: Row) -> Row:
    """Return the same metrics of real test images; empty if they were not measured."""
    return (evaluation_log.baseline_for(rows, row) if row else None) or {}


def measured(rows: Iterable[Row]) -> Iterator[Figure]:
    """Yield the metrics that any of the evaluations has."""
    rows = list(rows)
    for figure in FIGURES:
        if any(number(row, figure.key) is not None for row in rows):
            yield figure


def shown(value: float | None, key: str = "") -> str:
    """Return a metric as text.

    >>> shown(12.3456), shown(0.000123), shown(None), shown(10, "classes_seen")
    ('12.35', '0.000123', '–', '10')
    """
    if value is None:
        return "–"
    return f"{value:.0f}" if key == "classes_seen" else f"{value:.4g}"
