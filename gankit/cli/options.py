"""Options that several commands share, and what they read."""

from __future__ import annotations

from pathlib import Path

import click

data_dir = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="A folder with the data set's files, or with a folder per data set [GANKIT_DATA].",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def say(line: str) -> None:
    """Tell the person who waits; standard output is for data."""
    click.echo(line, err=True)
