"""`gankit plot`."""

from __future__ import annotations

from pathlib import Path

import click

from gankit._utils.paths import require_parent
from gankit.cli.options import PATH, answer, say
from gankit.errors import CheckpointError, ConfigError

PARTS = ("losses", "metrics", "classes")
FIGURES = (
    "frechet", "kernel", "precision", "recall", "density", "coverage", "score", "discriminator",
    "generator",
)  # fmt: skip
"""Those of `gankit.visual.plots`, which is imported when needed."""
FIGURE = "frechet"
"""The figure by which several runs are compared by default."""


class Figure(click.Choice[str]):
    """A figure of an evaluation, a loss, or a term by the name of its column."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the figure's name."""
        return value if "/" in value else super().convert(value, param, ctx)


@click.command("plot")
@click.argument("runs", metavar="RUN...", type=PATH, nargs=-1, required=True)
@click.option(
    "--out",
    type=PATH,
    help="A .png, .svg or .pdf file, or .csv for a figure  [RUN/plot.png; of several ./plot.png].",
)
@click.option(
    "--only",
    type=click.Choice(PARTS, case_sensitive=False),
    help="Draw one part of one run  [losses, and metrics if evaluated].",
)
@click.option(
    "--figure",
    type=Figure(FIGURES, case_sensitive=False),
    help="Compare the runs by this figure of their evaluations, by a loss, or by a term such as "
    "generator/fake/digit  [frechet].",
)
@click.option(
    "--over",
    type=click.Choice(("steps", "minutes"), case_sensitive=False),
    help="Compare over steps, or over minutes of training  [steps].",
)
def command(
    runs: tuple[Path, ...],
    out: Path | None,
    only: str | None,
    figure: str | None,
    over: str | None,
) -> None:
    """Plot the run in the folder RUN, or compare several runs by one figure.

    Of one run the losses, terms and metrics are drawn: thin lines are every step, thick lines a
    moving mean over a fiftieth of the steps. Metrics and class shares are drawn if it was
    evaluated.
    """
    if len(runs) == 1 and not figure and not over:
        _plot_one(runs[0], out or runs[0] / "plot.png", only)
        return
    if only:
        raise ConfigError(f"--only: got {only} to compare runs; use --figure")
    _compare(runs, out or Path("plot.png"), figure or FIGURE, over or "steps")


def _plot_one(run: Path, out: Path, only: str | None) -> None:
    from gankit.launch.messages import warn
    from gankit.launch.resume.find_checkpoint import log_change
    from gankit.runs import RunFolder, class_names, evaluation_log
    from gankit.runs.loss_log import read
    from gankit.visual import plots

    folder = RunFolder.open(run)
    if out.suffix.lower() == ".csv":
        raise ConfigError(
            f"cannot write {out}: a .csv file holds one figure; give --figure, such as --figure "
            f"{FIGURE}, or name a .png, .svg or .pdf file"
        )
    plots.check_suffix(out)
    require_parent(out)
    history = read(folder.losses)
    if changed := log_change(folder):
        warn(changed)
    rows = [] if only == "losses" else evaluation_log.read(folder.evaluations)
    if not rows and only in ("metrics", "classes"):
        raise CheckpointError(f"{run} has no evaluations; run gankit evaluate {run} first")
    match only:
        case "losses":
            plot = plots.losses(history)
        case "metrics":
            plot = plots.metrics(rows)
        case "classes":
            plot = plots.classes_of(rows, class_names.read(folder.classes))
        case _:
            plot = plots.overview(history, rows, class_names.read(folder.classes))
    plot.save(out)
    answer(out)


def _compare(runs: tuple[Path, ...], out: Path, figure: str, over: str) -> None:
    from gankit._utils import atomic_files
    from gankit.report.run_data import names_of
    from gankit.visual import plots

    table = out.suffix.lower() == ".csv"
    if not table:
        plots.check_suffix(out)
    require_parent(out)
    curves = plots.curves(runs, names_of(list(runs)), figure)
    for curve in curves:
        if curve.measured != curves[0].measured:
            say(
                f"{curve.name} was measured differently from {curves[0].name}, so their {figure} "
                f"cannot be compared: {curve.measured}; {curves[0].measured}"
            )
    if table:
        atomic_files.write_file(out, plots.as_csv(curves, figure).encode())
    else:
        plots.comparison(curves, figure, over).save(out)  # type: ignore[arg-type] # click checked.
    answer(out)
