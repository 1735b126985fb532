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
    """List a run's checkpoints, prove them whole, and remove old ones."""


@command.command("list")
@run_argument
@click.option("--quick", is_flag=True, help="Read no state: say nothing of whole or damaged.")
@as_json
def list_checkpoints(run: Path, quick: bool, as_json: bool) -> None:
    """List a run's checkpoints, the oldest first.

    RUN is the run's folder. A line each: the step, when it was made, the backend, its size on
    the disk, and whether it is whole, which takes reading all of it. Of a run that was evaluated,
    the best is marked.
    """
    from gankit.cli.doctor.checkpoints import reports

    found = reports(run, prove=not quick)
    if as_json:
        click.echo(json.dumps(list(map(dataclasses.asdict, found)), indent=1))
        return
    for report in found:
        show(_row(report))
    if not found:
        say(f"{run} has no checkpoint yet")


@command.command("verify")
@click.argument("paths", nargs=-1, required=True, type=PATH,
                metavar="RUN|CHECKPOINT...")  # fmt: skip
@as_json
def verify(paths: tuple[Path, ...], as_json: bool) -> int:
    """Prove checkpoints whole.

    Those whose folders are named, and all those of the runs that are named. Every file's size and
    SHA-256 must be the manifest's, every array must have its name, shape and type, and every
    number must be finite. Ends with exit code 4 if one is damaged, or a run has none.
    """
    from gankit.cli.doctor.checkpoints import proofs

    rows = proofs(paths)
    if as_json:
        click.echo(json.dumps(list(map(dataclasses.asdict, rows)), indent=1))
    for row in () if as_json else rows:
        show(f"{row.path}  {_state(row)}")
    return ExitCode.OK if all(row.whole for row in rows) else ExitCode.CHECKPOINT


@command.command("prune")
@run_argument
@click.option("--keep", type=int, required=True, metavar="N", help="How many whole ones stay.")
@click.option("--damaged", is_flag=True, help="Remove those that cannot be proved whole, too.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@as_json
def prune(run: Path, keep: int, damaged: bool, dry_run: bool, as_json: bool) -> None:
    """Remove all but the newest of a run's checkpoints, and the best.

    The newest N whole ones of the run in the folder RUN stay, and the best, if it was evaluated.
    A damaged one counts for nothing: it is named and left alone, unless --damaged is given. The
    last whole one always stays. Prints the folders that it removed. Ends with exit code 7 if a
    process is writing to the run, and with 4, removing nothing, if no checkpoint is whole.
    """
    from gankit.cli.doctor.pruning import prune as remove

    if keep < 1:
        raise ConfigError(f"--keep is {keep}; at least 1 checkpoint must be kept")
    gone: list[CheckpointReport] = []

    def tell(report: CheckpointReport) -> None:
        gone.append(report)
        if not as_json:
            answer(Path(report.path))

    plan = remove(run, keep, damaged=damaged, dry_run=dry_run, tell=tell)
    freed = sum(report.bytes for report in gone)
    if as_json:
        rows = {name: list(map(dataclasses.asdict, row)) for name, row in plan.items()}
        click.echo(json.dumps(rows | {"freed_bytes": freed, "dry_run": dry_run}, indent=1))
    for report in plan["left"]:
        say(f"left alone: {report.path} is {_state(report)}; --damaged removes it")
    words = ("would remove", "which frees") if dry_run else ("removed", "freed")
    say(f"{words[0]} {len(gone)}, {words[1]} {_size(freed)}, kept {len(plan['kept'])} whole")


def _row(report: CheckpointReport) -> str:
    made = report.created.partition("+")[0].replace("T", " ") or "-"
    backend = report.backend or "-"
    best = f", the best: {report.best}" if report.best else ""
    size = _size(report.bytes)
    return f"{report.step:>9}  {made:<19}  {backend:<8}  {size:>10}  {_state(report)}{best}"


def _state(report: CheckpointReport) -> str:
    if report.whole is None:
        return "not verified"
    return "whole" if report.whole else f"damaged: {report.reason}"


def _size(count: int) -> str:
    """Return a number of bytes for a person.

    >>> _size(36_400_000), _size(1200)
    ('36.4 MB', '1.2 kB')
    """
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"
