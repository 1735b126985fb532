"""Options that several commands share, and what they read."""

from __future__ import annotations

import sys
from pathlib import Path

import click


def complete_datasets(_ctx: click.Context, _option: click.Parameter, typed: str) -> list[str]:
    """Return the data sets that begin as `typed`."""
    from gankit import plugins

    return [name for name in plugins.datasets() if name.startswith(typed)]


data_dir = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="A folder with the data set's files, or with a folder per data set [GANKIT_DATA].",
)
device = click.option(
    "--device",
    help="auto, or a device as the backend's framework names it  [GANKIT_DEVICE, or the run's].",
)
dataset = click.option(
    "--dataset",
    shell_complete=complete_datasets,
    help="Where the run's images are now, if they were moved.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def complete_recipes(_ctx: click.Context, _option: click.Parameter, typed: str) -> list[str]:
    """Return the recipes that begin as `typed`, for a shell's completion."""
    from gankit.recipes import recipes

    return [recipe.name for recipe in recipes() if recipe.name.startswith(typed)]


def complete_backends(_ctx: click.Context, _option: click.Parameter, typed: str) -> list[str]:
    """Return the backends that begin as `typed`."""
    from gankit import plugins

    return [name for name in plugins.backends() if name.startswith(typed)]


def say(line: str) -> None:
    """Tell the person who waits; standard output is for data."""
    if tqdm := sys.modules.get("tqdm"):  # A bar that is being drawn stays whole.
        tqdm.tqdm.write(line, file=sys.stderr)
    else:
        click.echo(line, err=True)
