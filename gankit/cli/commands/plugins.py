"""`gankit plugins new|list|check`."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from gankit.cli.options import PATH, answer, as_json, say, show
from gankit.errors import (
    BackendUnavailable,
    ConfigError,
    DataError,
    ExitCode,
    GankitError,
    UnknownName,
    known_name,
)

if TYPE_CHECKING:
    from gankit.plugins.listing import ListedItem
    from gankit.plugins.scaffold import Gradients, Kind
    from gankit.testing.levels import Kind as CheckedKind
KINDS = (
    "backend", "dataset", "loss", "penalty", "recipe", "callback", "command", "features",
)  # fmt: skip
CHECKED = ("backend", "loss", "dataset")
LEVELS = ("protocol", "numerics", "resume", "portability")

ERRORS: dict[int, type[GankitError]] = {
    ExitCode.USAGE: ConfigError,
    ExitCode.DATA: DataError,
}
"""The errors of a check, by exit code; BackendUnavailable for every other."""


@click.group("plugins")
def command() -> None:
    """Create, list and check plugins."""


@command.command("new")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="backend",
    show_default=True,
    help="What the plugin adds.",
)
@click.option("--out", type=PATH, help="Folder to write  [gankit-NAME].")
@click.option(
    "--gradients",
    type=click.Choice(["by-hand", "framework"]),
    help="Where a backend's derivatives come from; framework: automatic derivatives, in sixty "
    "lines  [by-hand].",
)
def new(name: str, kind: Kind, out: Path | None, gradients: Gradients | None) -> None:
    """Create a plugin called NAME, ready to install.

    Writes a complete distribution that works at once: pyproject.toml with the entry point, a
    small example of the kind to replace, its tests, and a README. A backend is dense networks in
    NumPy, or with --gradients framework every network of gankit on HIPS autograd. Writes all of
    it or nothing.
    """
    from gankit.plugins.scaffold import Names
    from gankit.plugins.scaffold import new as write

    if gradients and kind != "backend":
        raise ConfigError(f"--gradients: got {gradients!r} with --kind {kind}; it is for a backend")
    names = Names(name, kind)
    folder = Path(names.distribution) if out is None else out
    for path in write(name, folder, kind, gradients or "by-hand"):
        answer(folder / path)
    say("next:")
    say(f"  pip install --editable {shlex.quote(str(folder))}")
    for line in names.use.splitlines():
        say(f"  {line}")


@command.command("list")
@as_json
def list_plugins(as_json: bool) -> None:
    """List what plugins offer, and whether it is ready.

    Prints one line each: kind, name, distribution, contract version of a backend, and what is
    wrong. Includes gankit's own backends, but not its own losses, data sets and recipes.
    Imports no framework.
    """
    from gankit.plugins.listing import listing

    rows = listing()
    if as_json:
        click.echo(json.dumps(list(map(dataclasses.asdict, rows)), indent=1))
        return
    _print_listing(rows)


def _print_listing(rows: list[ListedItem]) -> None:
    from gankit.cli.tables import hanging

    table = [("kind", "name", "distribution", "API", "status")]
    table += [
        (
            row.kind,
            row.name,
            f"{row.distribution} {row.version}",
            str(row.api or "-"),
            row.status_text(),
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in list(zip(*table, strict=True))[:-1]]
    for number, (*cells, last) in enumerate(table):
        first = "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        show(hanging(f"{first}  ", last), bold=number == 0)


def complete_checked(_ctx: click.Context, _option: click.Parameter, typed: str) -> list[str]:
    """Return the names of backends, losses and data sets that begin with `typed`."""
    return [name for names in _checkable().values() for name in names if name.startswith(typed)]


@command.command("check")
@click.argument("name", shell_complete=complete_checked)
@click.option("--kind", type=click.Choice(CHECKED), help="What NAME is  [the kind that has it].")
@click.option(
    "--level",
    type=click.Choice(LEVELS, case_sensitive=False),
    default=LEVELS[-1],
    show_default=True,
    help="Level to reach; later levels do not run.",
)
@click.option(
    "-k",
    "only",
    default="",
    metavar="CLAUSE",
    help="Run only clauses whose name contains this, or that match a pytest expression; "
    "print failures in full.",
)
@click.option("-x", "first", is_flag=True, help="Stop at the first failure.")
@click.option(
    "--native-pair",
    default="",
    metavar="MODULE:FUNCTION",
    help="Function that builds a generator and a discriminator of the framework, "
    'for a backend that claims "native".',
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=1200,
    show_default=True,
    metavar="SECONDS",
    help="Time limit of the clauses.",
)
@as_json
def check(
    name: str,
    kind: CheckedKind | None,
    level: str,
    only: str,
    first: bool,
    native_pair: str,
    timeout: float,
    as_json: bool,
) -> int:
    """Check the backend, loss or data set NAME against its contract, clause by clause.

    Runs in a child process, so that a crash or hang is reported. A level is reached if all its
    clauses and those of the levels before it pass; a clause about a capability that the backend
    does not claim counts as passed. For a backend, it also prints the time of a step of the recipe
    `simple`, and that of the numpy reference; no time fails the check.

    The exit code is 5 if the level is not reached, a clause selected by -k fails, or pytest is
    missing, and 2 if -k or --native-pair names something that does not exist.
    """
    from gankit.plugins import missing

    kind = kind or _kind_of(name)
    if missing(["pytest"]):  # The clauses are tests, so even listing them needs pytest.
        _refuse_without_pytest(name, kind, level, as_json)
    if native_pair and kind != "backend":
        raise ConfigError(f"--native-pair: got {native_pair!r} for a {kind}; it is for a backend")
    from gankit.cli import check_report
    from gankit.testing.runner.check import check as run_check

    with check_report.Table(name, kind, quiet=as_json, details=bool(only)) as table:
        found = run_check(
            name,
            kind=kind,
            level=level,
            only=only,
            stop_at_first=first,
            native_pair=native_pair,
            limit=timeout,
            on_progress=table.show_progress,
            on_outcome=table.show_outcome,
        )
    if as_json:
        click.echo(json.dumps(check_report.as_data(found), indent=1))
    elif found.outcomes:
        check_report.summary(found)
    if found.error:
        raise ERRORS.get(found.error_code, BackendUnavailable)(found.error)
    return found.exit_code


def _checkable() -> dict[CheckedKind, Collection[str]]:
    """Return the names of each kind that can be checked."""
    from gankit import plugins

    return {
        "backend": plugins.backends(),
        "loss": plugins.losses(),
        "dataset": plugins.datasets(),
    }


def _kind_of(name: str) -> CheckedKind:
    """Return what NAME is; raise ConfigError if it is unknown, or of several kinds."""
    from gankit import plugins
    from gankit.plugins.listing import listing

    known = _checkable()
    kinds = [kind for kind, names in known.items() if known_name(name, names) is not None]
    if len(kinds) > 1:
        raise ConfigError(f"NAME: got {name!r}, a {' and a '.join(kinds)}; give --kind")
    if kinds:
        return kinds[0]
    for row in listing():
        if row.name == name and row.kind not in known:
            raise ConfigError(
                f"NAME: got {name!r}, of kind {row.kind}; expected a backend, loss or data set; "
                f"run the tests of {row.distribution} instead"
            )
    if any(plugin.name == name for plugin in plugins.found()):
        return "backend"  # The check reports why it cannot be loaded.
    names = [one for names in known.values() for one in names]
    raise UnknownName("backend, loss or data set", name, names)


def _refuse_without_pytest(name: str, kind: str, level: str, as_json: bool) -> NoReturn:
    """Raise BackendUnavailable because pytest is missing; print the result as JSON first."""
    error = "the check needs pytest; pip install 'gankit[testing]'"
    if as_json:
        speed = {"milliseconds": None, "reference": None, "precision": "", "reason": error}
        result: dict[str, Any] = {
            "kind": kind,
            kind: name,
            "expected": level,
            "reached": None,
            "levels": [],
            "clauses": [],
            "warnings": {},
            "speed": speed if kind == "backend" else None,
            "error": error,
            "exit_code": ExitCode.BACKEND,
        }
        click.echo(json.dumps(result, indent=1))
    raise BackendUnavailable(error)
