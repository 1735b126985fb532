"""The metrics of an evaluation: their names, and whether lower or higher is better."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gankit.runs import evaluation_log
from gankit.runs.evaluation_log import Row

LOWER, HIGHER, CLOSER = "lower is better", "higher is better", "best close to real images"


@dataclass(frozen=True)
class Metric:
    """A metric that pages and cards show.

    Attributes
    ----------
    key, title
        Its field of `gankit.evaluation.Evaluation`, and its name for readers.
    better
        Whether lower or higher is better.
    drawn
        Whether it has a curve in addition to its row in the table.
    """

    key: str
    title: str
    better: str
    drawn: bool = True


METRICS = (
    Metric("frechet", "Fréchet distance", LOWER),
    Metric("kernel", "Kernel distance", LOWER),
    Metric("precision", "Precision", HIGHER),
    Metric("recall", "Recall", HIGHER),
    Metric("density", "Density", HIGHER),
    Metric("coverage", "Coverage", HIGHER),
    Metric("score", "Classifier score", HIGHER),
    Metric("confidence", "Classifier's confidence", CLOSER, drawn=False),
    Metric("histogram_divergence", "Divergence of classes", LOWER, drawn=False),
    Metric("classes_seen", "Classes seen", HIGHER, drawn=False),
    Metric("accuracy", "Accuracy on test images", HIGHER),
    Metric("psnr", "PSNR to the true images, dB", HIGHER),
    Metric("ssim", "SSIM to the true images", HIGHER),
    Metric("nearest", "Distance to the nearest real image", CLOSER, drawn=False),
)


def number(table: Mapping[str, Any], key: str) -> float | None:
    """Return the value of a key if it is a finite number, else None."""
    value = table.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < float("inf") else None


def baseline(rows: Sequence[Row], row: Row) -> Row:
    """Return the real-image baseline of an evaluation; empty if it was not measured."""
    return (evaluation_log.baseline_for(rows, row) if row else None) or {}


def measured(rows: Iterable[Row]) -> Iterator[Metric]:
    """Yield the metrics that at least one of the evaluations has."""
    rows = list(rows)
    for metric in METRICS:
        if any(number(row, metric.key) is not None for row in rows):
            yield metric


def shown(value: float | None, key: str = "") -> str:
    """Return a metric as text.

    >>> shown(12.3456), shown(0.000123), shown(None), shown(10, "classes_seen")
    ('12.35', '0.000123', '–', '10')
    """
    if value is None:
        return "–"
    return f"{value:.0f}" if key == "classes_seen" else f"{value:.4g}"
