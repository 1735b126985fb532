"""The panels of a figure: losses, metrics, classes.

The two colours are from Okabe and Ito 2008; colour-blind readers can distinguish them. The
background is transparent, and grey text is readable on a light and on a dark page.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gankit._text import printable
from gankit.contract import Array
from gankit.data.class_names import Classes
from gankit.runs import evaluation_log
from gankit.runs.loss_history import LossHistory

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, VERMILION, INK = "#0072B2", "#D55E00", "#808080"
SHARES = {"precision": BLUE, "recall": VERMILION}
COLOURS = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""The colours of runs, by Okabe and Ito 2008."""
DASHES = ("-", "--", ":", "-.")
"""The dashes of runs: with each, every colour once."""
MOST_MARKED = 40
"""The most points of a curve that are marked."""
MOST_POINTS = 1000
"""The most points of a curve; for more steps, the minimum and maximum of equal spans are drawn."""
SMOOTHING = 50
"""The thick line is a moving mean over the number of steps divided by this."""
MOST_NAMED = 20
"""The most classes with a name below each bar."""
MOST_LETTERS, MOST_HORIZONTAL_LETTERS = 12, 40
"""The most letters of such a name, and of all names if they are horizontal."""

Row: TypeAlias = Mapping[str, Any]


def empty(count: int) -> tuple[Figure, list[Axes]]:
    """Return a figure and its panels, at most two per row."""
    from matplotlib.figure import Figure

    columns = min(count, 2)
    rows = -(-count // columns)
    figure = Figure(figsize=(1.5 + 4.5 * columns, 3 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flatten().tolist()
    for axes in panels:
        axes.patch.set_alpha(0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(INK)
        axes.tick_params(which="both", colors=INK, labelsize=8)
        axes.grid(color=INK, alpha=0.2, linewidth=0.5)
        axes.set_axisbelow(True)
    for axes in panels[count:]:
        axes.set_visible(False)
    return figure, panels


def _label(axes: Axes, title: str, y_label: str, x_label: str = "step") -> None:
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    axes.set_xlabel(x_label, fontsize=8, color=INK)
    axes.set_ylabel(y_label, fontsize=8, color=INK)
    axes.xaxis.set_major_formatter("{x:,.0f}")


def losses(axes: Sequence[Axes], history: LossHistory) -> None:
    """Draw losses in the first panel, and the log's other columns in the second, if it has some.

    Every step is thin, the moving mean thick.
    """
    networks = {"discriminator": history.discriminator, "generator": history.generator}
    _every_step(axes[0], networks, "Losses", "loss")
    if history.terms:
        title = "Terms without their weights, and logged scalars"
        _every_step(axes[1], history.terms, title, "value")


def _every_step(axes: Axes, named: Mapping[str, Array], title: str, y_label: str) -> None:
    """Draw curves of one value a step by name."""
    for number, (name, values) in enumerate(named.items()):
        steps = np.arange(1.0, len(values) + 1)
        colour, dashes = _style(number)
        axes.plot(*_thinned(steps, values), color=colour, linewidth=0.6, alpha=0.35)
        style = "o-" if len(values) == 1 else dashes
        mean = _smoothed(values, max(1, len(values) // SMOOTHING))
        axes.plot(steps, mean, style, color=colour, lw=1.8, label=name)
    _label(axes, title, y_label)
    if all(map(len, named.values())):
        _legend(axes)


def _style(number: int) -> tuple[str, str]:
    """Return the colour and the dashes of a curve, by its number."""
    return COLOURS[number % len(COLOURS)], DASHES[number // len(COLOURS) % len(DASHES)]


def _thinned(steps: Array, values: Array) -> tuple[Array, Array]:
    """Return at most `MOST_POINTS` points: minimum and maximum of spans, so that spikes remain."""
    if len(values) <= MOST_POINTS:
        return steps, values
    starts = np.linspace(0, len(values), MOST_POINTS // 2 + 1).astype(np.int64)[:-1]
    ends = [reduce.reduceat(values, starts) for reduce in (np.minimum, np.maximum)]
    return steps[starts].repeat(2), np.stack(ends, axis=1).reshape(-1)


def _smoothed(values: Array, window: int) -> Array:
    """Return the mean over `window` steps around each step; over fewer steps at the ends."""
    if window < 2:
        return values
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    middle = np.arange(len(values))
    first = np.maximum(middle - window // 2, 0)
    last = np.minimum(middle + (window + 1) // 2, len(values))
    found: Array = (sums[last] - sums[first]) / (last - first)
    return found


def distance(axes: Axes, rows: Sequence[Row]) -> None:
    """Draw the Fréchet distance of evaluations, and that of real images, if measured."""
    like = list(evaluation_log.comparable(rows).values())
    _points(axes, like, "frechet", BLUE, "this run")
    if baseline := evaluation_log.baseline_for(rows, like[-1]):
        axes.axhline(
            baseline["frechet"], color=INK, linestyle=":", linewidth=1.2, label="real images"
        )
        _legend(axes)
    _logarithmic(axes)
    _label(axes, "Fréchet distance (lower is better)", "Fréchet distance", _measured(like[-1]))


def curves(
    axes: Axes, named: Sequence[tuple[str, Array, Array]], y_label: str, x_label: str
) -> None:
    """Draw curves by name, each with its colour and dashes; few points are marked.

    Parameters
    ----------
    axes
        The panel.
    named
        The name of each curve, and its `(n,)` places and values.
    y_label, x_label
        The labels.
    """
    for number, (name, places, values) in enumerate(named):
        colour, dashes = _style(number)
        mark = "o" if len(places) <= MOST_MARKED else ""
        label = printable(name).replace("$", r"\$")
        axes.plot(places, values, dashes, marker=mark, color=colour, ms=4, lw=1.5, label=label)
    _label(axes, "", y_label, x_label)
    axes.xaxis.set_major_formatter(lambda place, _: f"{round(place, 6):,.12g}")
    if all((values > 0).all() for _, _, values in named):
        _logarithmic(axes)
    axes.legend(fontsize=8, frameon=False, labelcolor=INK, loc="best")


def _logarithmic(axes: Axes) -> None:
    """Use a logarithmic vertical axis, with plain numbers at 1, 2 and 5 of each power of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def shares(axes: Axes, rows: Sequence[Row]) -> None:
    """Draw precision and recall of evaluations, each in [0, 1]."""
    like = list(evaluation_log.comparable(rows).values())
    for name, colour in SHARES.items():
        _points(axes, like, name, colour)
    axes.set_ylim(-0.05, 1.05)  # Points at 0 and 1 are drawn completely.
    title = "Precision and recall (higher is better)"
    _label(axes, title, "share of the images", _measured(like[-1]))
    _legend(axes)


def _measured(row: Row) -> str:
    """Return the axis label: step, and how the metrics were measured."""
    return "step\n" + textwrap.fill(evaluation_log.described(row), 64)


def _points(axes: Axes, rows: Iterable[Row], name: str, colour: str, label: str = "") -> None:
    found = [(row["step"], row[name]) for row in rows]
    axes.plot(*zip(*found, strict=True), "o-", color=colour, ms=4, lw=1.5, label=label or name)


def bars(
    axes: Axes,
    shares: Sequence[float],
    real: Sequence[float] | None,
    names: Sequence[str] = (),
) -> None:
    """Draw the share of each class as a bar, and that of real images as a mark.

    `names` are the names of classes 0, 1, ...; a class without a name is labelled by its number.
    """
    places = np.arange(len(shares))
    axes.bar(places, shares, color=BLUE, width=0.7, label="generated")
    if real is not None and len(real) == len(shares):
        axes.plot(places, real, "_", color=VERMILION, markersize=16, mew=2, label="real images")
    axes.margins(y=0.15)
    _label(axes, "Share of each class", "share of the images", "class")
    if len(shares) <= MOST_NAMED:
        _name(axes, Classes.of(names, len(shares)))
    _legend(axes)


def _name(axes: Axes, classes: Classes) -> None:
    """Write the name of each class below its bar, vertically if there is too little space."""
    names = map(printable, classes.names)
    short = [
        name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…" for name in names
    ]
    horizontal = sum(map(len, short)) <= MOST_HORIZONTAL_LETTERS
    # Escape dollar signs, which begin a formula.
    escaped = [name.replace("$", r"\$") for name in short]
    axes.set_xticks(np.arange(len(escaped)), escaped, rotation=0 if horizontal else 90)


def _legend(axes: Axes) -> None:
    axes.legend(fontsize=8, frameon=False, labelcolor=INK, ncols=2, loc="best")
