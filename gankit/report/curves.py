"""Curves for a page: losses, thinned without losing a spike, and metrics by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Array
from gankit.report.metrics import Figure, baseline, measured, number, shown
from gankit.report.run_data import Gathered
from gankit.runs.evaluation_log import comparable, described

POINTS = 500
"""Spans of steps that a curve is thinned to; each keeps its mean, its least and its largest."""
ROWS = 20
"""Spans in the table that stands for the curves."""
LOSSES = ("Discriminator", "Generator")


def thinned(losses: Array, points: int = POINTS) -> dict[str, Any]:
    """Return `(steps,)` losses as at most `points` spans of steps, each as long as the others.

    "first" and "last" are the steps of a span, "mean", "low" and "high" what the losses were in
    it. Where every span is one step, there is no "low" or "high".

    >>> thinned(np.array([1.0, 5.0, 2.0, 2.0]), 2)["high"]
    [5.0, 2.0]
    """
    edges = _edges(len(losses), points)
    starts, counts = edges[:-1], np.diff(edges)
    curve = {
        "first": (starts + 1).tolist(),
        "last": edges[1:].tolist(),
        "mean": _rounded(np.add.reduceat(losses, starts) / counts) if len(losses) else [],
    }
    if len(counts) and counts.max() > 1:
        curve["low"] = _rounded(np.minimum.reduceat(losses, starts))
        curve["high"] = _rounded(np.maximum.reduceat(losses, starts))
    return curve


def charts(runs: Sequence[Gathered]) -> list[dict[str, Any]]:
    """Return every chart of a page: both losses, then each metric that was measured."""
    return [*_of_losses(runs), *(_of_figure(runs, figure) for figure in _figures(runs))]


def spans(run: Gathered) -> list[tuple[str, str, str]]:
    """Return the losses as a table of at most twenty rows: steps, and the means over them."""
    columns = [thinned(run.losses[:, i], ROWS) for i in range(2)]
    steps = zip(columns[0]["first"], columns[0]["last"], strict=True)
    names = [f"{a:,}" if a == b else f"{a:,} to {b:,}" for a, b in steps]
    means = [[f"{value:.4g}" for value in column["mean"]] for column in columns]
    return list(zip(names, *means, strict=True))


def measured_by(run: Gathered) -> str:
    """Return what a run's metrics were measured by; empty if it has none."""
    rows = comparable(run.evaluations)
    return described(rows[max(rows)]) if rows else ""


def points(run: Gathered) -> tuple[list[str], list[list[str]]]:
    """Return the curves of metrics as a table: their names, and a row for each step."""
    rows = comparable(run.evaluations)
    drawn = [figure for figure in measured(rows.values()) if figure.drawn]
    cells = [
        [f"{step:,}", *(shown(number(row, figure.key), figure.key) for figure in drawn)]
        for step, row in rows.items()
    ]
    return [figure.title for figure in drawn], cells


def _of_losses(runs: Sequence[Gathered]) -> list[dict[str, Any]]:
    return [
        {
            "title": f"{title} loss",
            "note": "",
            "series": [
                {"run": i, **thinned(run.losses[:, column])}
                for i, run in enumerate(runs) if run.steps
            ],
        }
        for column, title in enumerate(LOSSES)
        if any(run.steps for run in runs)
    ]  # fmt: skip


def _figures(runs: Sequence[Gathered]) -> list[Figure]:
    found = measured(row for run in runs for row in run.evaluations)
    return [figure for figure in found if figure.drawn]


def _of_figure(runs: Sequence[Gathered], figure: Figure) -> dict[str, Any]:
    series = [_measured_curve(i, run, figure) for i, run in enumerate(runs)]
    return {
        "title": figure.title,
        "note": figure.better,
        "series": [curve for curve in series if curve["mean"]],
    }


def _measured_curve(i: int, run: Gathered, figure: Figure) -> dict[str, Any]:
    rows = comparable(run.evaluations)
    found = {step: number(row, figure.key) for step, row in rows.items()}
    steps = [step for step, value in found.items() if value is not None]
    last = rows[max(rows)] if rows else {}
    return {
        "run": i,
        "first": steps,
        "last": steps,
        "mean": [value for value in found.values() if value is not None],
        "points": True,
        "baseline": number(baseline(run.evaluations, last), figure.key),
    }


def _edges(count: int, points: int) -> NDArray[np.int64]:
    return np.linspace(0, count, min(count, points) + 1).astype(np.int64)


def _rounded(values: Array) -> list[float]:
    return [float(f"{value:.5g}") for value in values]
