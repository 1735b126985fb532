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

from gankit.callbacks.display import Screen
from gankit.cli.options import say, show
from gankit.cli.tables import hanging
from gankit.testing.levels import LEVELS
from gankit.testing.runner.check import Check, LevelReport, Outcome, Speed

COLOURS = {"kept": "green", "broken": "red", "not claimed": None, "not run": "yellow"}
_NAME_COLUMN = 26
"""Columns before a clause's name."""


class Table:
    """Prints a row for each clause when it ends, and a progress bar on a terminal.

    Parameters
    ----------
    name
        The backend's name.
    quiet
        Whether to print no rows, because the output is JSON.
    whole
        Whether to print everything that a failed clause compared.
    """

    def __init__(self, name: str, *, quiet: bool, whole: bool) -> None:
        self.name, self.quiet, self.whole = name, quiet, whole
        self.level = self.section = ""
        self.shown: dict[tuple[str, str], str] = {}
        self.screen = Screen(clock=time.monotonic, leave=False)

    def __enter__(self) -> Table:
        """On a terminal, print that the check takes a while."""
        if self.screen.drawn:
            say(f"checking {self.name} in a child process; a framework takes a minute or two")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Remove the bar."""
        self.screen.close()

    def doing(self, done: int, total: int, what: str) -> None:
        """Show that `done` of `total` cases have run, and which runs now."""
        if self.screen.drawn:
            self.screen.show(done / max(total, 1), [(2, f"{done}/{total}"), (1, what)])

    def tell(self, outcome: Outcome) -> None:
        """Print a clause's row, below new headings if its section is new."""
        if self.quiet:
            return
        with tqdm.external_write_mode(sys.stdout):
            self._headings(outcome)
            click.echo(row(outcome, self._alike(outcome)))
            if self.whole and outcome.whole:
                show(textwrap.indent(outcome.whole, " " * 6))

    def _alike(self, outcome: Outcome) -> str:
        """Return the clause whose row shows the same fault already, or an empty string."""
        name = outcome.clause.name
        first = self.shown.setdefault(fault_of(outcome), name)
        return "" if first == name else first

    def _headings(self, outcome: Outcome) -> None:
        clause = outcome.clause
        if clause.level != self.level:
            if self.level:
                click.echo()
            heading = hanging(f"{clause.level}: ", LEVELS[clause.level], 2)
            click.secho(heading, bold=True)
        if (clause.level, clause.section) != (self.level, self.section):
            click.echo(f"  {clause.section}")
        self.level, self.section = clause.level, clause.section


def fault_of(outcome: Outcome) -> tuple[str, str]:
    """Return the message and the place of a fault, by which faults are equal."""
    return outcome.reason, outcome.frame


def row(outcome: Outcome, alike: str = "") -> str:
    """Return a clause's lines: result, seconds, name and reason.

    If the clause `alike` has the same fault, refer to it instead of repeating the reason.
    """
    result, name = outcome.result, outcome.clause.name
    taken = "" if result in ("not claimed", "not run") else f"{outcome.seconds:.2f} s"
    first = f"    {result:<11}  {taken:>7}  "
    if outcome.kept < outcome.cases and outcome.kept:
        name += f" ({outcome.kept} of {outcome.cases} cases kept)"
    elif outcome.cases > 1:
        name += f" ({outcome.cases} cases)"
    if outcome.reason and result in ("not claimed", "not run"):
        name += f": {outcome.reason}"
    lines = hanging(first, name, _NAME_COLUMN)
    if result == "broken":
        said = [outcome.clause.text, *_broken(outcome, alike)]
        lines = "\n".join([lines, *(hanging(" " * _NAME_COLUMN, text) for text in said)])
    styled = click.style(result, fg=COLOURS[result], bold=result == "broken")
    return lines.replace(result, styled, 1)


def _broken(outcome: Outcome, alike: str) -> Iterator[str]:
    """Yield the lines about a broken clause: its cases, the reason, and where."""
    if outcome.broken:
        yield f"broken: {', '.join(outcome.broken)}"
    if alike:
        yield f"the same fault as in {alike}"
        return
    yield outcome.reason
    if outcome.frame:
        yield f"at {outcome.frame}"


def summary(found: Check) -> None:
    """Print the result of each level, the speed, and the level that was reached."""
    click.echo()
    if not found.partly:
        for report in found.levels:
            click.echo(hanging(f"{report.level:<12} ", _level(report)))
        if not found.fault:
            click.echo(hanging(f"{'speed':<12} ", _speed(found.speed, found.backend == "numpy")))
        click.echo()
    for sentence in verdict(found):
        click.echo(hanging("", sentence, 2))


def verdict(found: Check) -> Iterator[str]:
    """Yield the result in one sentence, and the next commands."""
    broken = [o.clause.name for o in found.outcomes if o.result == "broken"]
    yield from _groups(found)
    if found.partly:
        many = f"{len(found.outcomes)} clauses" if len(found.outcomes) > 1 else "1 clause"
        yield f"{found.backend}: {many} selected, {len(broken) or 'none'} broken"
        return
    reached = f"reaches {found.reached}" if found.reached else "reaches no level"
    short = "" if found.reached == found.asked else f"; expected {found.asked}"
    yield f"{found.backend} {reached}{short}"
    if broken:
        yield f"see the failures in full: gankit plugins check {found.backend} -k {broken[0]}"
    if any(outcome.result == "not run" for outcome in found.outcomes):
        yield (
            "not run: the clauses on native networks, which the backend claims; "
            "give --native-pair MODULE:FUNCTION, which builds a generator and a discriminator"
        )


def _groups(found: Check) -> Iterator[str]:
    """Yield each fault that broke several clauses, with their names."""
    faults: dict[tuple[str, str], list[str]] = {}
    for outcome in found.outcomes:
        if outcome.result == "broken":
            faults.setdefault(fault_of(outcome), []).append(outcome.clause.name)
    for (reason, frame), names in faults.items():
        if len(names) > 1:
            at = f", at {frame}" if frame else ""
            yield f"{len(names)} clauses have the same fault: {reason}{at}: {', '.join(names)}"


def _level(report: LevelReport) -> str:
    state = {True: "reached", False: "not reached", None: "not shown"}[report.reached]
    counts = [
        f"{count} {word}"
        for count, word in (
            (report.kept, "kept"), (report.broken, "broken"), (report.not_claimed, "not claimed"),
            (report.not_run, "not run"),
        )
        if count
    ]  # fmt: skip
    return f"{state:<12} {', '.join(counts)}"


def as_data(found: Check) -> dict[str, Any]:
    """Return a check as data for JSON."""
    clauses = []
    for outcome in found.outcomes:
        fields = dataclasses.asdict(outcome)
        clauses.append(fields.pop("clause") | fields)
    return {
        "backend": found.backend,
        "asked": found.asked,
        "reached": found.reached,
        "levels": list(map(dataclasses.asdict, found.levels)),
        "clauses": clauses,
        "speed": dataclasses.asdict(found.speed),
        "fault": found.fault,
        "exit_code": found.exit_code,
    }


def _speed(speed: Speed, itself: bool) -> str:
    if speed.milliseconds is None or speed.reference is None:
        return f"not measured: {speed.reason}"
    figure = f"{speed.milliseconds:.3g} ms a step of the recipe `simple`, {speed.precision}"
    if itself:
        return f"{figure}; it is the reference"
    ratio = speed.reference / speed.milliseconds
    return (
        f"{figure}; the numpy reference takes {speed.reference:.3g} ms, "
        f"so this is {ratio:.2f} times as fast"
    )
