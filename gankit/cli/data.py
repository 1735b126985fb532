"""`gankit data list|fetch|verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gankit.cli.options import data_dir, say
from gankit.errors import ExitCode


@click.group("data")
def command() -> None:
    """List data sets, fetch them, and prove them whole."""


@command.command("list")
def list_datasets() -> None:
    """List the data sets."""
    from gankit import plugins

    for dataset in plugins.datasets().values():
        click.echo(f"{dataset.name:<14} {dataset.summary}")


@command.command("fetch")
@click.argument("name")
@data_dir
def fetch(name: str, data_dir: Path | None) -> None:
    """Download what is missing of a data set; print where its files are."""
    from gankit import plugins

    dataset = plugins.get_dataset(name)
    if dataset.fetch is None:
        say(f"{name} needs no download")
        return
    with _Bars() as bars:
        paths = dataset.fetch(data_dir, progress=bars)
    for path in paths:
        click.echo(path)


@command.command("verify")
@click.argument("name")
@data_dir
def verify(name: str, data_dir: Path | None) -> int:
    """Check every copy of a data set's files on this machine; exit 3 if one is damaged."""
    from gankit import plugins

    dataset = plugins.get_dataset(name)
    rows = dataset.verify(data_dir) if dataset.verify else []
    if dataset.verify is None:
        say(f"{name} has no files to verify")
    for row in rows:
        state = "ok" if row.ok else row.reason
        click.echo("  ".join(part for part in (row.file, row.place, state) if part))
    return ExitCode.OK if all(row.ok for row in rows) else ExitCode.DATA


class _Bars:
    """One progress bar per file, on a terminal."""

    def __init__(self) -> None:
        self._bars: dict[str, Any] = {}

    def __enter__(self) -> _Bars:
        return self

    def __exit__(self, *_: object) -> None:
        for bar in self._bars.values():
            bar.close()

    def __call__(self, file: str, received: int, total: int | None) -> None:
        from tqdm import tqdm

        if file not in self._bars:
            self._bars[file] = tqdm(total=total, desc=file, unit="B", unit_scale=True, disable=None)
        self._bars[file].update(received - self._bars[file].n)
