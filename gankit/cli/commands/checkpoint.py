"""`gankit checkpoint list|verify|prune`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gankit.cli.options import PATH, answer, as_json, say, show
from gankit.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from gankit.cli.doctor.checkpoints import CheckpointReport

run_argument = click.argument("run", type=PATH)


@click.group("checkpoint")
def command() -> None:
    """List, verify and prune a run's checkpoints."""


@command.command("list")
@run_argument
@click.option("--quick", is_flag=True, help="Do not verify the contents.")
@as_json
def list_checkpoints(run: Path, quick: bool, as_json: bool) -> None:
    """List a run's checkpoints, the oldest first.

    RUN is the run's folder. Prints a line for each checkpoint: step, time, backend, size on
    disk, and whether it is valid, for which gankit reads all of it. If the run was evaluated,
    the best checkpoint is marked.
    """
    from gankit.cli.doctor.checkpoints import reports

    found = reports(run, verify=not quick)
    if as_json:
        click.echo(json.dumps(list(map(dataclasses.asdict, found)), indent=1))
        return
    for report in found:
        show(_row(report))
    if not found:
        say(f"{run} has no checkpoint yet")


@command.command("verify")
@click.argument("paths", nargs=-1, required=True, type=PATH, metavar="RUN|CHECKPOINT...")
@as_json
def verify(paths: tuple[Path, ...], as_json: bool) -> int:
    """Verify checkpoints.

    Verifies the given checkpoint folders, and all checkpoints of the given runs: the size and
    SHA-256 of each file, the name, shape and dtype of each array, and that all numbers are
    finite. The exit code is 4 if a checkpoint is damaged or a run has no checkpoint.
    """
    from gankit.cli.doctor.checkpoints import verified

    rows = verified(paths)
    if as_json:
        click.echo(json.dumps(list(map(dataclasses.asdict, rows)), indent=1))
    for row in () if as_json else rows:
        show(f"{row.path}  {_state(row)}")
    return ExitCode.OK if all(row.valid for row in rows) else ExitCode.CHECKPOINT


@command.command("prune")
@run_argument
@click.option(
    "--keep", type=int, required=True, metavar="N", help="How many valid checkpoints to keep."
)
@click.option("--damaged", is_flag=True, help="Also remove damaged checkpoints.")
@click.option("--dry-run", is_flag=True, help="Print what would be removed, and remove nothing.")
@as_json
def prune(run: Path, keep: int, damaged: bool, dry_run: bool, as_json: bool) -> None:
    """Remove all but the newest and the best of a run's checkpoints.

    Keeps the newest N valid checkpoints of the run in the folder RUN, and the best one if the
    run was evaluated; N is at least 1. Damaged checkpoints are not counted; they are listed,
    and removed only with --damaged. Prints the removed folders. The exit code is 7 if a process
    is writing to the run, and 4 if no checkpoint is valid.
    """
    from gankit.cli.doctor.pruning import prune as remove

    if keep < 1:
        raise ConfigError(f"--keep: got {keep}; expected at least 1")
    removed: list[CheckpointReport] = []

    def report_removed(report: CheckpointReport) -> None:
        removed.append(report)
        if not as_json:
            answer(Path(report.path))

    plan = remove(run, keep, damaged=damaged, dry_run=dry_run, tell=report_removed)
    freed = sum(report.bytes for report in removed)
    if as_json:
        rows = {name: list(map(dataclasses.asdict, row)) for name, row in plan.items()}
        click.echo(json.dumps(rows | {"freed_bytes": freed, "dry_run": dry_run}, indent=1))
    for report in plan["left"]:
        say(f"skipped {report.path}: {_state(report)}; remove it with --damaged")
    verbs = (
        ("would remove", "would free", "would keep") if dry_run else ("removed", "freed", "kept")
    )
    counts = len(removed), _size(freed), f"{len(plan['kept'])} valid"
    say(", ".join(f"{verb} {count}" for verb, count in zip(verbs, counts, strict=True)))


def _row(report: CheckpointReport) -> str:
    created = report.created.partition("+")[0].replace("T", " ") or "-"
    backend = report.backend or "-"
    best = f", best: {report.best}" if report.best else ""
    size = _size(report.bytes)
    return f"{report.step:>9}  {created:<19}  {backend:<8}  {size:>10}  {_state(report)}{best}"


def _state(report: CheckpointReport) -> str:
    if report.valid is None:
        return "not verified"
    return "valid" if report.valid else f"damaged: {report.reason}"


def _size(count: int) -> str:
    """Return a number of bytes with its unit.

    >>> _size(36_400_000), _size(1200)
    ('36.4 MB', '1.2 kB')
    """
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"
