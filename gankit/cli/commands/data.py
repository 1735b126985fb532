"""`gankit data list|fetch|verify|pack`."""

from __future__ import annotations

import dataclasses
import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gankit.cli.options import PATH, answer, as_json, data_dir, say, show
from gankit.errors import ExitCode

if TYPE_CHECKING:
    from gankit.data import FileCheck
    from gankit.data.image_options import Channels, Fit


@click.group("data")
def command() -> None:
    """List, download, verify and pack data sets."""


@command.command("list")
@as_json
def list_datasets(as_json: bool) -> None:
    """List the data sets."""
    from gankit import plugins

    known = plugins.datasets().values()
    rows = [
        {"name": d.name, "summary": d.summary, "fetch": bool(d.fetch), "test": bool(d.test)}
        for d in known
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        show(f"{row['name']:<14} {row['summary']}")


@command.command("fetch")
@click.argument("name")
@data_dir
def fetch(name: str, data_dir: Path | None) -> None:
    """Download the missing files of a data set, and print their paths."""
    from gankit import plugins
    from gankit.callbacks.download_bar import FileProgress

    dataset = plugins.get_dataset(name)
    if dataset.fetch is None:
        say(f"{name} needs no download")
        return
    with closing(FileProgress()) as files:
        paths = dataset.fetch(data_dir, progress=files)
    for path in paths:
        answer(path)


@command.command("verify")
@click.argument("name")
@data_dir
@as_json
def verify(name: str, data_dir: Path | None, as_json: bool) -> int:
    """Verify all copies of a data set's files.

    The exit code is 3 if a file is damaged or missing.
    """
    from gankit import plugins

    dataset = plugins.get_dataset(name)
    rows = dataset.verify(data_dir) if dataset.verify else []
    if dataset.verify is None:
        say(f"{name} has no files to verify")
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(row) for row in rows], indent=1))
    for row in () if as_json else rows:
        show(_line(row))
    return ExitCode.OK if all(row.ok for row in rows) else ExitCode.DATA


@command.command("pack")
@click.argument("folder", type=PATH)
@click.argument("out", type=PATH)
@click.option("--size", metavar="N|HxW", help="Side, or height x width, in pixels  [unchanged].")
@click.option("--channels", type=click.Choice([1, 3]), help="1 for grey, 3 for colour.")
@click.option(
    "--fit",
    type=click.Choice(["crop", "pad", "stretch"], case_sensitive=False),
    default="crop",
    show_default=True,
    help="How to reach the size.",
)
@click.option("--skip-bad", is_flag=True, help="Skip images that cannot be read.")
def pack(
    folder: Path, out: Path, size: str | None, channels: Channels | None, fit: Fit, skip_bad: bool
) -> None:
    """Write the images of FOLDER to the file OUT.npy.

    Training on the file works with more images than fit in memory.
    """
    from gankit.callbacks.download_bar import FileProgress
    from gankit.data import ImageOptions, pack, parse_size

    options = ImageOptions(parse_size(size) if size else None, channels, fit, skip_bad)
    with closing(FileProgress(unit=" pictures")) as files:
        data = pack(folder, out, options, lambda done, total: files(out.name, done, total))
    say(data.source)
    answer(out)


def _line(row: FileCheck) -> str:
    state = "ok" if row.ok else row.reason
    return "  ".join(part for part in (row.file, row.place, state) if part)
