"""`gankit curve RUN`: the losses of a run as two curves of text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gankit import hookimpl

if TYPE_CHECKING:
    import numpy as np

LEVELS = "▁▂▃▄▅▆▇█"


@hookimpl
def gankit_commands() -> list[click.Command]:
    """Return the command `curve`."""
    return [command]


@click.command("curve")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--width", type=click.IntRange(1), default=60, show_default=True, help="Columns.")
def command(run: Path, width: int) -> None:
    """Draw both losses of the run in the folder RUN; each column is a mean over steps."""
    # Imports inside the function do not slow --help down.
    import numpy as np

    from gankit.errors import CheckpointError
    from gankit.runs import RunFolder, loss_log

    losses = loss_log.read(RunFolder.open(run).losses)
    if not len(losses):
        raise CheckpointError(f"{run} has no steps yet; train it first")
    columns = np.array_split(losses, min(width, len(losses)))
    means = np.array([column.mean(axis=0) for column in columns])
    for name, curve in zip(("discriminator", "generator"), means.T, strict=True):
        click.echo(f"{name:13}  {drawn(curve)}  {curve.min():.3g} to {curve.max():.3g}")
    click.echo(f"{len(losses)} steps, {len(columns[0])} per column")


def drawn(curve: np.ndarray) -> str:
    """Return a character for each of `(columns,)` numbers, from the lowest to the highest level."""
    height = (curve - curve.min()) / max(curve.max() - curve.min(), 1e-12)
    return "".join(LEVELS[level] for level in (height * (len(LEVELS) - 1)).round().astype(int))
