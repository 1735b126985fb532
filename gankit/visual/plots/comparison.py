"""One figure of several runs, over steps or over minutes: as a plot and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from gankit.contract import Array
from gankit.contract.loss_columns import NETWORKS
from gankit.errors import CheckpointError
from gankit.runs import RunFolder, evaluation_log, loss_log, time_log
from gankit.visual.plots import panels
from gankit.visual.plots.plot import Plot

Over = Literal["steps", "minutes"]
OVERS: tuple[Over, ...] = get_args(Over)
FIGURES = {
    "frechet": "Fréchet distance (lower is better)",
    "kernel": "kernel distance (lower is better)",
    "precision": "precision (higher is better)",
    "recall": "recall (higher is better)",
    "density": "density (higher is better)",
    "coverage": "coverage (higher is better)",
    "score": "classifier score (higher is better)",
    "discriminator": "discriminator's loss",
    "generator": "generator's loss",
}
"""The figures that can be compared, and their labels: those of evaluations, and the losses.

The name of a term's column, such as "generator/fake/digit", is a figure too.
"""
MOST_LOSSES = 500
"""The most points of a loss; each is the mean of a span of steps."""


@dataclass(frozen=True)
class Curve:
    """A figure of one run.

    Attributes
    ----------
    name
        The run's name.
    steps, minutes, values
        `(n,)`: the steps, the minutes of training at each, NaN if the run has no log of its time,
        and the figure.
    measured
        How it was measured; empty for a loss.
    """

    name: str
    steps: Array
    minutes: Array
    values: Array
    measured: str = ""


def curves(folders: Sequence[Path], names: Sequence[str], figure: str) -> list[Curve]:
    """Return a figure of `FIGURES`, or a term, of several runs, measured by one kind of features.

    Raises
    ------
    CheckpointError
        As in `curve`, or a run was evaluated by other features only.
    """
    logs: list[list[evaluation_log.Row]] = [[] for _ in folders]
    if not _in_losses(figure):
        read = [evaluation_log.read(RunFolder.open(folder).evaluations) for folder in folders]
        logs = evaluation_log.of_one_kind(read)
        shown = next((rows[-1] for rows in logs if rows), {})
        for folder, before, rows in zip(folders, read, logs, strict=True):
            if before and not rows:
                raise CheckpointError(
                    f"{folder} was evaluated by {before[-1]['features']}, and another run by "
                    f"{shown['features']}, so their {figure} cannot be compared; evaluate "
                    f"{folder} by the same: {_command(folder, shown)}"
                )
    return [
        curve(folder, name, figure, rows)
        for folder, name, rows in zip(folders, names, logs, strict=True)
    ]


def curve(
    folder: Path, name: str, figure: str, rows: Sequence[evaluation_log.Row] | None = None
) -> Curve:
    """Return a figure of `FIGURES`, or a term, of the run in a folder.

    Parameters
    ----------
    folder, name, figure
        The run's folder, its name in a plot, and the figure's name.
    rows
        The evaluations that are compared; by default those of the run's log.

    Raises
    ------
    CheckpointError
        The run has no such figure, or its log is damaged.
    """
    run = RunFolder.open(folder)
    measured, remedy = "", ""
    if _in_losses(figure):
        columns = loss_log.read(run.losses).columns()
        if figure not in columns:
            terms = ", ".join(name for name in columns if name not in NETWORKS) or "none"
            raise CheckpointError(f"{folder} has no term {figure!r}; its terms: {terms}")
        steps, values = _means(columns[figure])
    else:
        read = evaluation_log.read(run.evaluations) if rows is None else rows
        like = evaluation_log.comparable(read).values()
        found = [row for row in like if row.get(figure) is not None]
        steps = np.array([row["step"] for row in found], np.float64)
        values = np.array([row[figure] for row in found], np.float64)
        measured = evaluation_log.described(found[-1]) if found else ""
        again = "" if read else f"run gankit evaluate {folder}, or "
        remedy = f"; {again}choose another --figure, such as generator"
    if not len(steps):
        raise CheckpointError(f"{folder} has no {figure} to compare{remedy}")
    times = time_log.read_valid(run.times)
    seconds = time_log.seconds_at(times, steps) if len(times) else np.full(len(steps), np.nan)
    return Curve(name, steps, seconds / 60, values, measured)


def comparison(curves: Sequence[Curve], figure: str, over: Over = "steps") -> Plot:
    """Draw one figure of several runs.

    Parameters
    ----------
    curves
        At least one.
    figure
        Its name.
    over
        The horizontal axis.

    Raises
    ------
    CheckpointError
        A run has no log of its time, and `over` is "minutes".
    """
    for one in curves if over == "minutes" else ():
        if np.isnan(one.minutes).any():
            raise CheckpointError(
                f"{one.name} has no log of its time, as an older gankit wrote it; use --over steps"
            )
    drawn, (axes,) = panels.empty(1)
    panels.curves(
        axes,
        [(one.name, getattr(one, over), one.values) for one in curves],
        FIGURES.get(figure, figure),
        "step" if over == "steps" else "minutes of training",
    )
    return Plot(drawn)


def as_csv(curves: Sequence[Curve], figure: str) -> str:
    """Return a table with a row for each point: run, step, minutes and the figure."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("run", "step", "minutes", figure))
    for one in curves:
        for step, minutes, value in zip(one.steps, one.minutes, one.values, strict=True):
            known = "" if np.isnan(minutes) else f"{minutes:.4f}"
            table.writerow((one.name, int(step), known, repr(float(value))))
    return text.getvalue()


def _in_losses(figure: str) -> bool:
    """Return whether a figure is in the log of losses: a loss, or a term."""
    return figure.partition("/")[0] in NETWORKS


def _command(folder: Path, row: evaluation_log.Row) -> str:
    """Return the command that evaluates a run by the features of `row`."""
    other = " --features FILE" if evaluation_log.REQUESTED in row else ""
    return f"gankit evaluate {folder}{other}"


def _means(losses: Array) -> tuple[Array, Array]:
    """Return the last step and the mean of each of at most `MOST_LOSSES` spans."""
    count = min(len(losses), MOST_LOSSES)
    if not count:
        return np.empty(0), np.empty(0)
    ends = np.linspace(0, len(losses), count + 1).astype(np.int64)
    sums = np.add.reduceat(losses, ends[:-1])
    return ends[1:].astype(np.float64), sums / np.diff(ends)
