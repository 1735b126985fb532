"""`gankit plugins new|list|check`."""

from __future__ import annotations

import dataclasses
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from gankit.cli.options import PATH, answer, as_json, complete_backends, say, show
from gankit.errors import BackendUnavailable, ConfigError, ExitCode

if TYPE_CHECKING:
    from gankit.plugins.listing import Offer
LEVELS = ("protocol", "numerics", "resume", "portability")


@click.group("plugins")
def command() -> None:
    """Write a backend of your own, list what plugins offer, and check a backend."""


@command.command("new")
@click.argument("name")
@click.option("--out", type=PATH, help="The folder to write [gankit-NAME].")
def new(name: str, out: Path | None) -> None:
    """Write a backend called NAME, ready to install and train.

    It is a whole distribution: a pyproject.toml with the entry point, dense networks in NumPy to be
    replaced piece by piece, tests that hold it against the contract, a README and a workflow.
    Writes all of it or nothing.
    """
    from gankit.plugins.scaffold import Names
    from gankit.plugins.scaffold import new as write

    folder = Path(Names(name).distribution) if out is None else out
    for path in write(name, folder):
        answer(folder / path)
    say("next:")
    say(f"  pip install --editable {shlex.quote(str(folder))}")
    say(f"  gankit train --backend {name}")


@command.command("list")
@as_json
def list_plugins(as_json: bool) -> None:
    """List what plugins offer, and whether it is ready.

    A line for each thing: its kind and name, the distribution that brings it, the number of the
    contract that a backend was written for, and what is wrong with it. Backends of gankit's own
    are among them; losses and data sets that are built in are not. Imports no framework.
    """
    from gankit.plugins.listing import offers

    rows = offers()
    if as_json:
        click.echo(json.dumps(list(map(dataclasses.asdict, rows)), indent=1))
        return
    _print_offers(rows)


def _print_offers(rows: list[Offer]) -> None:
    from gankit.cli.tables import hanging

    table = [("kind", "name", "distribution", "API", "status")]
    table += [
        (row.kind, row.name, f"{row.distribution} {row.version}", str(row.api or "-"), row.words())
        for row in rows
    ]
    widths = [max(map(len, column)) for column in list(zip(*table, strict=True))[:-1]]
    for number, (*cells, last) in enumerate(table):
        first = "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        show(hanging(f"{first}  ", last), bold=number == 0)


@command.command("check")
@click.argument("name", shell_complete=complete_backends)
@click.option("--level", type=click.Choice(LEVELS, case_sensitive=False),
              default=LEVELS[-1], show_default=True,
              help="What it has to reach; clauses beyond do not run.")  # fmt: skip
@click.option("-k", "only", default="", metavar="CLAUSE",
              help="Only clauses whose name has this in it, or that match a pytest expression; "
              "shows the whole of what broke.")  # fmt: skip
@click.option("-x", "first", is_flag=True, help="Stop at the first case that is broken.")
@click.option("--native-pair", default="", metavar="MODULE:FUNCTION",
              help="What builds a generator and a discriminator of its framework; "
              "for a backend that claims \"native\".")  # fmt: skip
@click.option("--timeout", type=click.FloatRange(min=1), default=1200, show_default=True,
              metavar="SECONDS", help="How long the clauses may take.")  # fmt: skip
@as_json
def check(
    name: str, level: str, only: str, first: bool, native_pair: str, timeout: float, as_json: bool
) -> int:  # fmt: skip
    """Hold the backend NAME against the contract, clause by clause.

    Runs in a process of its own, so that a backend that crashes or hangs is reported. A level is
    reached when all its clauses, and those of the levels before it, are kept; a clause about
    something that the backend does not claim counts as kept. The time of a step of the recipe
    `simple` is reported beside that of the numpy reference, and never failed.

    Ends with exit code 5 if the level is not reached, a clause asked for by -k is broken, or pytest
    is missing, and with 2 if -k or --native-pair asks for what is not there.
    """
    from gankit.plugins import missing

    if missing(["pytest"]):  # The clauses are tests; they cannot even be listed without it.
        _say_unable(name, level, as_json)
    from gankit.cli import check_report
    from gankit.testing.runner.check import check as hold

    with check_report.Table(name, quiet=as_json, whole=bool(only)) as table:
        found = hold(
            name, level=level, only=only, first=first, native_pair=native_pair, limit=timeout,
            doing=table.doing, tell=table.tell,
        )  # fmt: skip
    if as_json:
        click.echo(json.dumps(check_report.as_data(found), indent=1))
    elif found.outcomes:
        check_report.summary(found)
    if found.fault:
        raise (ConfigError if found.fault_code == ExitCode.USAGE else BackendUnavailable)(
            found.fault
        )
    return found.exit_code


def _say_unable(name: str, level: str, as_json: bool) -> NoReturn:
    """End with exit code 5, having named the remedy: pytest is missing."""
    fault = "the check needs pytest; pip install 'gankit[testing]'"
    if as_json:
        speed = {"milliseconds": None, "reference": None, "precision": "", "reason": fault}
        said: dict[str, Any] = {
            "backend": name, "asked": level, "reached": None, "levels": [], "clauses": [],
            "speed": speed, "fault": fault, "exit_code": ExitCode.BACKEND,
        }  # fmt: skip
        click.echo(json.dumps(said, indent=1))
    raise BackendUnavailable(fault)
