"""Plots of a run: its losses and its evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gankit.contract import Array
from gankit.errors import ConfigError
from gankit.runs import RunFolder, evaluation_log
from gankit.runs.loss_history import LossHistory
from gankit.visual.plots import panels
from gankit.visual.plots.panels import Row
from gankit.visual.plots.plot import Plot


def evaluated(folder: Path | None) -> list[dict[str, Any]]:
    """Return the evaluations of the run in a folder; empty for a run in memory."""
    return evaluation_log.read(RunFolder(folder).evaluations) if folder else []


def losses(history: Array) -> Plot:
    """Draw both losses: every step thin, and their moving mean over 1/50 of the steps thick.

    Terms are drawn in a panel beside them.

    Parameters
    ----------
    history
        `(steps, 2)`: the discriminator's and the generator's, as in `Run.history`, whose terms are
        drawn too.
    """
    history = LossHistory(history)
    figure, axes = panels.empty(1 + bool(history.terms))
    panels.losses(axes, history)
    return Plot(figure)


def metrics(rows: Sequence[Row]) -> Plot:
    """Draw the evaluations over training: Fréchet distance, precision and recall.

    Parameters
    ----------
    rows
        As returned by `gankit.runs.evaluation_log.read`. Only evaluations that were measured in
        the most common way are drawn.
    """
    if not rows:
        raise ConfigError("there are no evaluations to draw; make one with gankit evaluate")
    figure, (distance, shares) = panels.empty(2)
    panels.distance(distance, rows)
    panels.shares(shares, rows)
    return Plot(figure)


def class_shares(
    shares: Sequence[float], real: Sequence[float] | None = None, names: Sequence[str] = ()
) -> Plot:
    """Draw the share of each class as bars.

    Parameters
    ----------
    shares
        `(classes,)` in [0, 1], as in `Evaluation.histogram`.
    real
        The shares of real images, drawn as marks.
    names
        Names of classes 0, 1, ..., as in `Run.class_names`; numbers by default.
    """
    figure, (axes,) = panels.empty(1)
    panels.bars(axes, shares, real, names)
    return Plot(figure)


def classes_of(rows: Sequence[Row], names: Sequence[str] = ()) -> Plot:
    """Draw the class shares of the last evaluation, beside those of real images, if measured.

    `names` are as in `class_shares`.
    """
    last = evaluation_log.newest(rows)
    if not (shares := last.get("histogram")):
        raise ConfigError("the evaluations have no classes, because the data set has no labels")
    baseline = evaluation_log.baseline_for(rows, last) or {}
    return class_shares(shares, baseline.get("histogram"), names)


def overview(history: Array, rows: Sequence[Row] = (), names: Sequence[str] = ()) -> Plot:
    """Draw the losses, and beside them the terms and the evaluations, if there are any.

    `names` are as in `class_shares`.
    """
    last = evaluation_log.newest(rows)
    shares = last.get("histogram")
    history = LossHistory(history)
    drawn = 1 + bool(history.terms)
    figure, axes = panels.empty(drawn + 2 * bool(rows) + bool(shares))
    panels.losses(axes[:drawn], history)
    if rows:
        panels.distance(axes[drawn], rows)
        panels.shares(axes[drawn + 1], rows)
    if shares:
        baseline = evaluation_log.baseline_for(rows, last) or {}
        panels.bars(axes[drawn + 2], shares, baseline.get("histogram"), names)
    return Plot(figure)
