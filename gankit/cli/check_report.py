"""How `gankit plugins check` shows a check: rows while it runs, then the levels."""

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
_DEEP = 26
"""Columns before a clause's name."""


class Table:
    """Prints each clause when it is through, and shows the person who waits that it goes on.

    Parameters
    ----------
    name
        The backend's.
    quiet
        Whether the rows are for a program, and not printed.
    whole
        Whether to print all that a broken clause compared.
    """

    def __init__(self, name: str, *, quiet: bool, whole: bool) -> None:
        self.name, self.quiet, self.whole = name, quiet, whole
        self.level = self.section = ""
        self.shown: dict[tuple[str, str], str] = {}
        self.screen = Screen(clock=time.monotonic, leave=False)

    def __enter__(self) -> Table:
        """Say what takes so long, on a terminal: anywhere else it would stand in the report."""
        if self.screen.drawn:
            say(f"checking {self.name} in a process of its own; a framework takes a minute or two")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Clear the bar away."""
        self.screen.close()

    def doing(self, done: int, total: int, what: str) -> None:
        """Show that `done` of `total` cases are through, and what comes now."""
        if self.screen.drawn:
            self.screen.show(done / max(total, 1), [(2, f"{done}/{total}"), (1, what)])

    def tell(self, outcome: Outcome) -> None:
        """Print a clause's row, under the headings that are due."""
        if self.quiet:
            return
        with tqdm.external_write_mode(sys.stdout):
            self._headings(outcome)
            click.echo(row(outcome, self._alike(outcome)))
            if self.whole and outcome.whole:
                show(textwrap.indent(outcome.whole, " " * 6))

    def _alike(self, outcome: Outcome) -> str:
        """Return the clause whose row has the same fault already, or nothing."""
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
    """Return what equal faults have in common: what was said, and where it arose."""
    return outcome.reason, outcome.frame


def row(outcome: Outcome, alike: str = "") -> str:
    """Return a clause's lines: its result, its seconds, its name, and what there is to say.

    Of a fault that stands in the row of the clause `alike`, only that is said.
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
    lines = hanging(first, name, _DEEP)
    if result == "broken":
        said = [outcome.clause.text, *_broken(outcome, alike)]
        lines = "\n".join([lines, *(hanging(" " * _DEEP, text) for text in said)])
    styled = click.style(result, fg=COLOURS[result], bold=result == "broken")
    return lines.replace(result, styled, 1)


def _broken(outcome: Outcome, alike: str) -> Iterator[str]:
    """Yield what there is to say of a broken clause: which cases, what, and where."""
    if outcome.broken:
        yield f"broken: {', '.join(outcome.broken)}"
    if alike:
        yield f"the same fault as in {alike}"
        return
    yield outcome.reason
    if outcome.frame:
        yield f"at {outcome.frame}"


def summary(found: Check) -> None:
    """Print what each level came to, the speed, and the level that was reached."""
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
    """Yield the result in a sentence, and what to do about what is missing."""
    broken = [o.clause.name for o in found.outcomes if o.result == "broken"]
    yield from _groups(found)
    if found.partly:
        many = f"{len(found.outcomes)} clauses" if len(found.outcomes) > 1 else "1 clause"
        yield f"{found.backend}: {many} asked for, {len(broken) or 'none'} broken"
        return
    reached = f"reaches {found.reached}" if found.reached else "reaches no level"
    short = "" if found.reached == found.asked else f", and was to reach {found.asked}"
    yield f"{found.backend} {reached}{short}"
    if broken:
        yield f"what broke, in full: gankit plugins check {found.backend} -k {broken[0]}"
    if any(outcome.result == "not run" for outcome in found.outcomes):
        yield (
            "not run: the clauses about native networks, which it claims; "
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
            yield f"{len(names)} clauses have one fault: {reason}{at}: {', '.join(names)}"


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
    """Return a check as JSON has it."""
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
