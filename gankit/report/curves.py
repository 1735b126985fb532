"""The curves of a page: losses, thinned without losing a spike, and metrics by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Array
from gankit.contract.loss_columns import NETWORKS
from gankit.report.run_data import RunData
from gankit.runs.evaluation_log import comparable, described
from gankit.runs.metric_table import Metric, baseline, measured, number, shown

MOST_POINTS = 500
"""The most points of a curve: each has the mean, minimum and maximum of a span of steps."""
MOST_ROWS = 20
"""The most rows of the table of losses, each for a span of steps."""
LOSSES = ("Discriminator", "Generator")


def thinned(losses: Array, points: int = MOST_POINTS) -> dict[str, Any]:
    """Return `(steps,)` losses over at most `points` spans of steps, of equal length.

    "first" and "last" are the first and last step of each span; "mean", "low" and "high" are the
    mean, minimum and maximum of its losses. If every span is one step, "low" and "high" are left
    out.

    >>> thinned(np.array([1.0, 5.0, 2.0, 2.0]), 2)["high"]
    [5.0, 2.0]
    """
    bounds = _bounds(len(losses), points)
    starts, counts = bounds[:-1], np.diff(bounds)
    curve = {
        "first": (starts + 1).tolist(),
        "last": bounds[1:].tolist(),
        "mean": _rounded(np.add.reduceat(losses, starts) / counts) if len(losses) else [],
    }
    if len(counts) and counts.max() > 1:
        curve["low"] = _rounded(np.minimum.reduceat(losses, starts))
        curve["high"] = _rounded(np.maximum.reduceat(losses, starts))
    return curve


def charts(runs: Sequence[RunData]) -> list[dict[str, Any]]:
    """Return every chart of a page: both losses, each term and each metric that any run has."""
    return [*_of_losses(runs), *(_of_metric(runs, metric) for metric in _metrics(runs))]


def loss_table(run: RunData) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the losses as a table: its heads, and at most `MOST_ROWS` rows.

    A row has its steps, and the means of both losses and of each term over them.
    """
    columns = [thinned(values, MOST_ROWS) for values in run.losses.columns().values()]
    steps = zip(columns[0]["first"], columns[0]["last"], strict=True)
    names = [f"{a:,}" if a == b else f"{a:,} to {b:,}" for a, b in steps]
    means = [[f"{value:.4g}" for value in column["mean"]] for column in columns]
    return [*LOSSES, *run.losses.terms], list(zip(names, *means, strict=True))


def measured_by(run: RunData) -> str:
    """Return how a run's metrics were measured; empty if it has none."""
    rows = comparable(run.evaluations)
    return described(rows[max(rows)]) if rows else ""


def metric_table(run: RunData) -> tuple[list[str], list[list[str]]]:
    """Return the metrics as a table: their names, and a row for each evaluated step."""
    rows = comparable(run.evaluations)
    drawn = [metric for metric in measured(rows.values()) if metric.drawn]
    cells = [
        [f"{step:,}", *(shown(number(row, metric.key), metric.key) for metric in drawn)]
        for step, row in rows.items()
    ]
    return [metric.title for metric in drawn], cells


def _of_losses(runs: Sequence[RunData]) -> list[dict[str, Any]]:
    columns = [run.losses.columns() for run in runs]
    titles: dict[str, str] = {
        network: f"{title} loss" for network, title in zip(NETWORKS, LOSSES, strict=True)
    }
    names = dict.fromkeys(name for run in columns for name in run)
    return [
        {
            "title": titles.get(name, name),
            "note": "" if name in titles else "a term, without its weight",
            "series": [
                {"run": i, **thinned(run[name])}
                for i, run in enumerate(columns)
                if len(run.get(name, ()))
            ],
        }
        for name in names
        if any(run.steps for run in runs)
    ]


def _metrics(runs: Sequence[RunData]) -> list[Metric]:
    found = measured(row for run in runs for row in run.evaluations)
    return [metric for metric in found if metric.drawn]


def _of_metric(runs: Sequence[RunData], metric: Metric) -> dict[str, Any]:
    series = [_measured_curve(i, run, metric) for i, run in enumerate(runs)]
    return {
        "title": metric.title,
        "note": metric.better,
        "series": [curve for curve in series if curve["mean"]],
    }


def _measured_curve(i: int, run: RunData, metric: Metric) -> dict[str, Any]:
    rows = comparable(run.evaluations)
    found = {step: number(row, metric.key) for step, row in rows.items()}
    steps = [step for step, value in found.items() if value is not None]
    last = rows[max(rows)] if rows else {}
    return {
        "run": i,
        "first": steps,
        "last": steps,
        "mean": [value for value in found.values() if value is not None],
        "points": True,
        "baseline": number(baseline(run.evaluations, last), metric.key),
    }


def _bounds(count: int, points: int) -> NDArray[np.int64]:
    return np.linspace(0, count, min(count, points) + 1).astype(np.int64)


def _rounded(values: Array) -> list[float]:
    return [float(f"{value:.5g}") for value in values]
