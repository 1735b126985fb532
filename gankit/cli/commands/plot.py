"""`gankit plot`."""

from __future__ import annotations

from pathlib import Path

import click

from gankit._utils.paths import require_parent
from gankit.cli.options import PATH, answer
from gankit.errors import CheckpointError

PARTS = ("losses", "metrics", "classes")


@click.command("plot")
@click.argument("run", type=PATH)
@click.option("--out", type=PATH, help="A .png, .svg or .pdf file  [RUN/plot.png].")
@click.option(
    "--only",
    type=click.Choice(PARTS, case_sensitive=False),
    help="Draw one part  [losses, and metrics if evaluated].",
)
def command(run: Path, out: Path | None, only: str | None) -> None:
    """Plot the losses and metrics of the run in the folder RUN.

    Thin lines are every step, thick lines a moving mean over a fiftieth of the steps. Metrics
    and class shares are drawn if the run was evaluated.
    """
    from gankit.launch.messages import warn
    from gankit.launch.resume.find_checkpoint import log_change
    from gankit.runs import RunFolder, class_names, evaluation_log
    from gankit.runs.loss_log import read
    from gankit.visual import plots

    folder = RunFolder.open(run)
    out = out or run / "plot.png"
    plots.check_suffix(out)
    require_parent(out)
    history = read(folder.losses)
    if changed := log_change(folder):
        warn(changed)
    rows = [] if only == "losses" else evaluation_log.read(folder.evaluations)
    if not rows and only in ("metrics", "classes"):
        raise CheckpointError(f"{run} has no evaluations; train with --set evaluate_every=1")
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
