"""`gankit sample`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gankit.cli.options import say
from gankit.cli.streams import answer
from gankit.errors import ConfigError
from gankit.paths import is_folder

if TYPE_CHECKING:
    from gankit.backend import Labels

ARRAYS = (".npy", ".npz")


@click.command("sample")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-n", "--number", "count", type=int, default=25, show_default=True, help="Images.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed, the same.")
@click.option("--backend", help="To compute with  [the one that trained the run].")
@click.option("--out", type=click.Path(path_type=Path), help="grid.png, or images.npy / .npz.")
@click.option("--each", type=click.Path(path_type=Path), help="A folder, for one PNG an image.")
@click.option("--columns", type=int, help="Of the grid  [as square as can be].")
@click.option("--class", "label", type=int, help="Only this class, of a run that knows classes.")
@click.option("--by-class", is_flag=True, help="A row for each class, -n images in each.")
def command(
    run: Path, count: int, seed: int, backend: str | None, out: Path | None, each: Path | None,
    columns: int | None, label: int | None, by_class: bool,
) -> None:  # fmt: skip
    """Make images with the run in the folder RUN.

    A grid as PNG, single PNGs with --each, or the numbers in [-1, 1], (n, height, width,
    channels), as .npy or .npz. A run that knows classes makes each in its turn, one of them with
    --class, or a row of each with --by-class.
    """
    from gankit import images
    from gankit.api import load
    from gankit.resuming import recorded

    if columns is not None and out and out.suffix.lower() in ARRAYS:
        raise ConfigError(f"{out} has no columns; --columns goes with a .png")
    if count < 1:
        raise ConfigError(f"-n is {count}; ask for at least 1 image")
    if by_class and (label is not None or columns is not None):
        raise ConfigError("--by-class makes a row for each class; leave out --class and --columns")
    recorded(run)
    out = _target(out, each)
    opened = load(run, backend)
    labels: int | Labels | None = label
    if by_class:
        labels, columns = opened.each_class(count), count
        count = len(labels)
    made = opened.sample(count, seed, labels)
    if each:
        images.write_each(each, made)
        say(f"{count} images in {each}")
    if out and out.suffix.lower() in ARRAYS:
        images.write_array(out, made)
    elif out:
        images.write_png(out, images.grid(made, columns))
    for path in (out, each):
        if path:
            answer(path)


def _target(out: Path | None, each: Path | None) -> Path | None:
    """Return the file to write, checked before any work is done."""
    if out is None:
        return None if each else Path("samples.png")
    if out.suffix.lower() not in (".png", *ARRAYS):
        raise ConfigError(f"cannot write {out}; name a .png, .npy or .npz file")
    if not is_folder(out.parent):
        raise ConfigError(f"cannot write {out}: no folder {out.parent}; make it first")
    return out
