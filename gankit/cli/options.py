"""Options that several commands share, and functions that print."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from gankit._text import printable, printable_lines
from gankit._utils.paths import given
from gankit._utils.system import PATHS_ARE_BYTES
from gankit.cli.one_of_many import prints


class GivenPath(click.Path):
    """A path option or argument: expands `~`, and refuses an empty path."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """Return the path; raise ConfigError or DataError as `gankit._utils.paths.given` does."""
        if isinstance(param, click.Option):
            name = param.opts[-1]
        else:
            name = param.human_readable_name if param else "path"
        path = given(value, name)
        super().convert(path, param, ctx)
        return path


PATH = GivenPath(path_type=Path)


def complete_datasets(_ctx: click.Context, _option: click.Parameter, typed: str) -> list[str]:
    """Return the names of data sets that begin with `typed`."""
    from gankit import plugins

    return [name for name in plugins.datasets() if name.startswith(typed)]


best = click.option("--best", is_flag=True, help="Use the best checkpoint instead of the newest.")
data_dir = click.option(
    "--data-dir",
    type=PATH,
    help="Folder of the data set, or of a folder per data set  [GANKIT_DATA].",
)
derive = click.option(
    "--derive", is_flag=True, help="Compute the sources from PICTURES, as in training."
)
device = click.option(
    "--device",
    help="auto, or a device name of the framework  [GANKIT_DEVICE, or the run's].",
)
skip_bad = click.option("--skip-bad", is_flag=True, help="Skip pictures that cannot be read.")
dataset = click.option(
    "--dataset",
    shell_complete=complete_datasets,
    help="New path of the run's images, if moved.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def complete_recipes(_ctx: click.Context, _option: click.Parameter, typed: str) -> list[str]:
    """Return the names of recipes that begin with `typed`."""
    from gankit import plugins

    return [name for name in plugins.recipes() if name.startswith(typed)]


def complete_backends(_ctx: click.Context, _option: click.Parameter, typed: str) -> list[str]:
    """Return the names of backends that begin with `typed`."""
    from gankit import plugins

    return [name for name in plugins.backends() if name.startswith(typed)]


def complete_features(_ctx: click.Context, _option: click.Parameter, typed: str) -> list[str]:
    """Return the names of plugins' features that begin with `typed`."""
    from gankit import plugins

    return [name for name in plugins.features() if name.startswith(typed)]


backend = click.option(
    "--backend",
    shell_complete=complete_backends,
    help="Backend to compute with  [the run's own].",
)


def show(text: object, *, bold: bool = False) -> None:
    """Print lines of text to standard output; of several processes, the chief does."""
    if prints():
        click.secho(printable_lines(text), bold=bold)


def answer(path: Path) -> None:
    """Print a path: as text on a terminal, as its bytes for a program.

    A path may contain bytes that are not text, and standard output may have another encoding.
    """
    if sys.stdout.isatty():
        show(path)
    elif PATHS_ARE_BYTES and hasattr(sys.stdout, "buffer"):
        click.echo(os.fsencode(path))
    else:
        click.echo(path)


def say(line: str) -> None:
    """Print a message to standard error; standard output is for data.

    Of several processes, the chief does.
    """
    if not prints():
        return
    line = printable(line)
    if tqdm := sys.modules.get("tqdm"):  # Print above a progress bar.
        tqdm.tqdm.write(line, file=sys.stderr)
    else:
        click.echo(line, err=True)
