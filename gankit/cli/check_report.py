"""Print the rows and the summary of `gankit plugins check`."""

from __future__ import annotations

import dataclasses
import sys
import textwrap
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import click
from tqdm import tqdm

from gankit._text import counted
from gankit.callbacks.display import Screen
from gankit.cli.options import say, show
from gankit.cli.tables import hanging
from gankit.testing.levels import MEANINGS, Kind
from gankit.testing.runner.check import Check, LevelReport, Outcome, Speed

COLOURS = {"passed": "green", "failed": "red", "not claimed": None, "not run": "yellow"}
_NAME_COLUMN = 26
"""Columns before a clause's name."""


class Table:
    """Prints a row for each clause when it ends, and a progress bar on a terminal.

    Parameters
    ----------
    name, kind
        The name of what is checked, and what it is.
    quiet
        Whether to print no rows, because the output is JSON.
    details
        Whether to print everything that a failed clause compared.
    """

    def __init__(self, name: str, kind: Kind, *, quiet: bool, details: bool) -> None:
        self.name, self.kind, self.quiet, self.details = name, kind, quiet, details
        self.level = self.section = ""
        self.shown: dict[tuple[str, str], str] = {}
        self.screen = Screen(clock=time.monotonic, leave=False)

    def __enter__(self) -> Table:
        """On a terminal, print that the check takes a while."""
        if self.screen.drawn:
            say(f"checking {self.name} in a child process; a framework takes a minute or two")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the bar."""
        self.screen.close()

    def show_progress(self, done: int, total: int, what: str) -> None:
        """Show that `done` of `total` cases have run, and which runs now."""
        if self.screen.drawn:
            self.screen.show(done / max(total, 1), [(2, f"{done}/{total}"), (1, what)])

    def show_outcome(self, outcome: Outcome) -> None:
        """Print a clause's row, below new headings if its section is new."""
        if self.quiet:
            return
        with tqdm.external_write_mode(sys.stdout):
            self._headings(outcome)
            click.echo(row(outcome, self._shown_before(outcome)))
            if self.details and outcome.details:
                show(textwrap.indent(outcome.details, " " * 6))

    def _shown_before(self, outcome: Outcome) -> str:
        """Return the clause whose row shows the same error already, or an empty string."""
        name = outcome.clause.name
        first = self.shown.setdefault(error_of(outcome), name)
        return "" if first == name else first

    def _headings(self, outcome: Outcome) -> None:
        clause = outcome.clause
        if clause.level != self.level:
            if self.level:
                click.echo()
            heading = hanging(f"{clause.level}: ", MEANINGS[self.kind][clause.level], 2)
            click.secho(heading, bold=True)
        if (clause.level, clause.section) != (self.level, self.section):
            click.echo(f"  {clause.section}")
        self.level, self.section = clause.level, clause.section


def error_of(outcome: Outcome) -> tuple[str, str]:
    """Return the message and the location of an error; two errors with the same are equal."""
    return outcome.reason, outcome.location


def row(outcome: Outcome, shown_before: str = "") -> str:
    """Return a clause's lines: result, seconds, name and reason.

    If the row of the clause `shown_before` has the same error, name that clause instead.
    """
    result, name = outcome.result, outcome.clause.name
    seconds = "" if result in ("not claimed", "not run") else f"{outcome.seconds:.2f} s"
    first = f"    {result:<11}  {seconds:>7}  "
    if 0 < outcome.passed < outcome.cases:
        name += f" ({outcome.passed} of {outcome.cases} cases passed)"
    elif outcome.cases > 1:
        name += f" ({counted(outcome.cases, 'case')})"
    if outcome.reason and result in ("not claimed", "not run"):
        name += f": {outcome.reason}"
    lines = [hanging(first, name, _NAME_COLUMN)]
    if result == "failed":
        texts = [outcome.clause.text, *_failure(outcome, shown_before)]
        lines += [hanging(" " * _NAME_COLUMN, text) for text in texts]
    styled = click.style(result, fg=COLOURS[result], bold=result == "failed")
    return "\n".join(lines).replace(result, styled, 1)


def _failure(outcome: Outcome, shown_before: str) -> Iterator[str]:
    """Yield the lines about a failed clause: its cases, the error, and the location."""
    if outcome.failed_cases:
        yield f"failed: {', '.join(outcome.failed_cases)}"
    if shown_before:
        yield f"same error as in {shown_before}"
        return
    yield outcome.reason
    if outcome.location:
        yield f"at {outcome.location}"


def summary(found: Check) -> None:
    """Print the result of each level, a backend's speed, and the level that is reached."""
    click.echo()
    if not found.selected:
        for report in found.levels:
            click.echo(hanging(f"{report.level:<12} ", _level(report)))
        if found.kind == "backend" and not found.error:
            click.echo(hanging(f"{'speed':<12} ", _speed(found.speed, found.name == "numpy")))
        click.echo()
    for sentence in verdict(found):
        click.echo(hanging("", sentence, 2))
    failed = _failed(found)
    if failed and not found.selected:  # Not wrapped: it can be copied.
        click.echo(f"details of a failure:\n  gankit plugins check {found.name} -k {failed[0]}")


def verdict(found: Check) -> Iterator[str]:
    """Yield the warnings, the errors of several clauses, and the result, a sentence each."""
    for warning, often in found.warnings.items():
        times = "" if often == 1 else f" ({often} times)"
        yield f"warning: {warning}{times}"
    yield from _equal_errors(found)
    if found.selected:
        count = counted(len(found.outcomes), "clause")
        yield f"{found.name}: {count} selected, {len(_failed(found)) or 'none'} failed"
        return
    reached = f"reaches {found.reached}" if found.reached else "reaches no level"
    short = "" if found.reached == found.expected else f"; expected {found.expected}"
    yield f"{found.name} {reached}{short}"
    if any(outcome.result == "not run" for outcome in found.outcomes):
        yield (
            "not run: the clauses on native networks, which the backend claims; "
            "give --native-pair MODULE:FUNCTION, which builds a generator and a discriminator"
        )


def _failed(found: Check) -> list[str]:
    """Return the names of the clauses that failed."""
    return [outcome.clause.name for outcome in found.outcomes if outcome.result == "failed"]


def _equal_errors(found: Check) -> Iterator[str]:
    """Yield each error with which several clauses fail, and their names."""
    errors: dict[tuple[str, str], list[str]] = {}
    for outcome in found.outcomes:
        if outcome.result == "failed":
            errors.setdefault(error_of(outcome), []).append(outcome.clause.name)
    for (reason, location), names in errors.items():
        if len(names) > 1:
            at = f", at {location}" if location else ""
            yield f"{len(names)} clauses fail with the same error: {reason}{at}: {', '.join(names)}"


def _level(report: LevelReport) -> str:
    state = {True: "reached", False: "not reached", None: "incomplete"}[report.reached]
    counts = {
        "passed": report.passed,
        "failed": report.failed,
        "not claimed": report.not_claimed,
        "not run": report.not_run,
    }
    texts = [f"{count} {result}" for result, count in counts.items() if count]
    return f"{state:<12} {', '.join(texts)}"


def as_data(found: Check) -> dict[str, Any]:
    """Return a check as data for JSON."""
    clauses = []
    for outcome in found.outcomes:
        fields = dataclasses.asdict(outcome)
        clauses.append(fields.pop("clause") | fields)
    return {
        "kind": found.kind,
        found.kind: found.name,
        "expected": found.expected,
        "reached": found.reached,
        "levels": list(map(dataclasses.asdict, found.levels)),
        "clauses": clauses,
        "warnings": found.warnings,
        "speed": dataclasses.asdict(found.speed) if found.kind == "backend" else None,
        "error": found.error,
        "exit_code": found.exit_code,
    }


def _speed(speed: Speed, is_reference: bool) -> str:
    if speed.milliseconds is None or speed.reference is None:
        return f"not measured: {speed.reason}"
    took = f"{speed.milliseconds:.3g} ms a step of the recipe `simple`, {speed.precision}"
    if is_reference:
        return f"{took}; it is the reference"
    ratio = speed.reference / speed.milliseconds
    return (
        f"{took}; the numpy reference takes {speed.reference:.3g} ms, "
        f"so this is {ratio:.2f} times as fast"
    )
