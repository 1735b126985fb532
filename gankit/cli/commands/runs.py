"""`gankit runs`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gankit.cli.options import PATH, as_json, show
from gankit.cli.tables import aligned

if TYPE_CHECKING:
    from gankit.launch.run_summary import RunSummary

HEADS = ("run", "recipe", "data", "backend", "steps", "state", "frechet", "size", "age")
RIGHT = [HEADS.index(head) for head in ("steps", "frechet", "size", "age")]
"""The columns of numbers."""
LONGEST = 24
"""The most characters of a name; a longer one keeps its end."""
SORTS: dict[str, Callable[[RunSummary], Any]] = {
    "name": lambda run: run.name,
    "steps": lambda run: -run.step,
    "frechet": lambda run: float("inf") if run.frechet is None else run.frechet,
    "size": lambda run: -run.bytes,
    "age": lambda run: -run.changed.timestamp(),
}


@click.command("runs")
@click.argument("folder", type=PATH, default=Path("runs"))
@click.option(
    "--sort",
    type=click.Choice(tuple(SORTS), case_sensitive=False),
    default="name",
    help="Sort by this column: most steps, lowest distance, largest, newest first  [name].",
)
@as_json
def command(folder: Path, sort: str, as_json: bool) -> None:
    """List the runs in FOLDER and its subfolders  [runs].

    The Fréchet distance is that of the last evaluation; compare it only between runs on the same
    images. A run is "training" while a process of this machine writes to it. The age is the time
    since it trained.
    """
    from gankit.launch.run_summary import run_summaries

    runs = sorted(run_summaries(folder), key=SORTS[sort])
    if as_json:
        click.echo(json.dumps([_plain(run) for run in runs], indent=1))
        return
    if not runs:
        show(f"no runs in {folder}")
        return
    for line in aligned([HEADS, *(_row(run) for run in runs)], RIGHT):
        show(line)
    for run in runs:
        if run.reason:
            show(f"{run.name} {run.state}: {run.reason}")


def _row(run: RunSummary) -> tuple[str, ...]:
    from gankit._utils.storage import megabytes

    return (
        _short(run.name),
        _short(run.recipe),
        _short(Path(run.dataset).name),
        run.backend,
        f"{run.step:,}" if run.steps is None else f"{run.step:,} of {run.steps:,}",
        run.state,
        "" if run.frechet is None else f"{run.frechet:.1f}",
        megabytes(run.bytes),
        _age((datetime.now(UTC) - run.changed).total_seconds()),
    )


def _short(name: str) -> str:
    """Return a name, or its end if it is too long for a column."""
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"


def _age(seconds: float) -> str:
    """Return a time in its largest unit.

    >>> _age(40), _age(3700), _age(200_000)
    ('40 s', '61 min', '55 h')
    """
    for unit, length, most in (("s", 1, 90), ("min", 60, 5400), ("h", 3600, 259_200)):
        if seconds < most:
            return f"{max(0, seconds) // length:.0f} {unit}"
    return f"{seconds // 86_400:.0f} days"


def _plain(run: RunSummary) -> dict[str, object]:
    plain = {**asdict(run), "path": str(run.path)}
    return plain | {"changed": run.changed.isoformat(timespec="seconds")}
