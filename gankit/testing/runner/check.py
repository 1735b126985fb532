"""Run a contract in a child process, and evaluate the results."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from gankit._utils.child_process import Message, answers, messages
from gankit.errors import ExitCode
from gankit.testing.levels import Clause, Kind, clauses, levels_up_to

RESULTS = ("passed", "failed", "not claimed", "not run")
_SPEED_LIMIT = 120.0
"""Seconds that measuring the speed may take."""


@dataclass(frozen=True)
class Outcome:
    """The result of one clause, over all its cases.

    Attributes
    ----------
    clause
        The clause.
    result
        One of `RESULTS`: "failed" if a case failed, "passed" if some passed and none failed, "not
        claimed" if all need what the backend does not claim, "not run" if a case needs an argument
        that is missing.
    cases, passed
        Number of cases, and of those that passed.
    seconds
        Time of all cases together.
    reason
        Error of the first failed case, what is not claimed, or what is missing; one line.
    details
        What the failed cases compared, in many lines.
    failed_cases
        Names of the failed cases; the only case of a clause has no name.
    location
        The deepest line of the plugin's own package in the error's traceback: file, line, function
        and source text. Empty if the traceback has none.
    """

    clause: Clause
    result: str
    cases: int
    passed: int
    seconds: float
    reason: str
    details: str = ""
    failed_cases: tuple[str, ...] = ()
    location: str = ""


@dataclass(frozen=True)
class LevelReport:
    """The results of one level's clauses; `reached` is None if some of them did not run."""

    level: str
    reached: bool | None
    passed: int
    failed: int
    not_claimed: int
    not_run: int


@dataclass(frozen=True)
class Speed:
    """Milliseconds of a step of the recipe `simple`, or the reason why they are not measured."""

    milliseconds: float | None = None
    reference: float | None = None
    precision: str = ""
    reason: str = ""


@dataclass
class Check:
    """The result of checking one backend, loss or data set.

    Attributes
    ----------
    name
        Its name.
    expected
        The level that it should reach.
    selected
        Whether -k selected some of the clauses; then no level is evaluated.
    kind
        What it is.
    outcomes
        Results of the clauses, in their order.
    warnings
        Each distinct warning of the clauses, with its place, and how often it was given.
    speed
        Time of a step of a backend.
    error
        Why the check ended before all clauses had run, in one line, or None.
    error_code
        The exit code of that error.
    """

    name: str
    expected: str
    selected: bool = False
    kind: Kind = "backend"
    outcomes: list[Outcome] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    speed: Speed = field(default_factory=Speed)
    error: str | None = None
    error_code: int = ExitCode.BACKEND

    @property
    def levels(self) -> list[LevelReport]:
        """A report for each level up to the expected one."""
        reports: list[LevelReport] = []
        reached_so_far = not self.selected
        for level in levels_up_to(self.expected, self.kind):
            reports.append(report := self._level(level, reached_so_far))
            reached_so_far = reached_so_far and report.reached is True
        return reports

    @property
    def reached(self) -> str | None:
        """The highest level that is reached, or None."""
        return next((r.level for r in reversed(self.levels) if r.reached), None)

    @property
    def exit_code(self) -> int:
        """0 if the expected level is reached, or all selected clauses pass; else 5."""
        if self.error:
            return self.error_code
        failed = any(outcome.result == "failed" for outcome in self.outcomes)
        passed = not failed if self.selected else self.reached == self.expected
        return ExitCode.OK if passed else ExitCode.BACKEND

    def _level(self, level: str, reached_so_far: bool) -> LevelReport:
        """Return one level's report; `reached_so_far` is for the levels before it."""
        here = [o.result for o in self.outcomes if o.clause.level == level]
        counts = {result: here.count(result) for result in RESULTS}
        complete = len(here) == sum(one.level == level for one in clauses(kind=self.kind).values())
        reached = reached_so_far if complete else None
        if counts["failed"]:
            reached = False
        return LevelReport(level, reached, *counts.values())


def check(
    name: str,
    *,
    kind: Kind = "backend",
    level: str,
    only: str,
    native_pair: str,
    limit: float,
    stop_at_first: bool = False,
    on_progress: Callable[[int, int, str], None],
    on_outcome: Callable[[Outcome], None],
) -> Check:
    """Check the backend, loss or data set `name` against its contract, in a child process.

    Parameters
    ----------
    kind
        What it is; "backend" by default.
    level
        The highest level whose clauses run.
    only
        An expression for pytest's `-k`, or "" for all clauses.
    native_pair
        "module:function" that builds native networks, or "".
    limit
        Seconds that the clauses may take.
    stop_at_first
        Whether to stop at the first case that fails.
    on_progress
        Called with the number of finished cases, the number of all cases, and what runs now.
    on_outcome
        Called with the outcome of each clause when its last case ends.
    """
    found = Check(name, levels_up_to(level, kind)[-1], selected=bool(only), kind=kind)
    arguments = [name, "--kind", kind, "--level", level, f"--only={only}"]
    arguments += [f"--native-pair={native_pair}"] if native_pair else []
    arguments += ["--first"] if stop_at_first else []
    collector = _Collector(found, clauses(level, kind), on_progress, on_outcome)
    received = messages("gankit.testing.runner.reporting", *arguments, limit=limit)
    with closing(received):
        for message in received:
            collector.collect(message)
    if stop_at_first and not found.error:
        collector.finish()
    if not found.outcomes and not found.error:
        found.error = f"-k: got {only!r}; expected part of a clause's name, such as 'adam'"
        found.error_code = ExitCode.USAGE
    stopped = stop_at_first and found.exit_code
    if kind == "backend" and not found.error and not only and not stopped:
        on_progress(collector.done, collector.done, "in measuring the time of a step")
        found.speed = _speed(name, min(limit, _SPEED_LIMIT))
    return found


class _Collector:
    """Collects the cases' results from the child's messages, and sums them by clause."""

    def __init__(
        self,
        found: Check,
        known: dict[str, Clause],
        on_progress: Callable[[int, int, str], None],
        on_outcome: Callable[[Outcome], None],
    ) -> None:
        self.found, self.known = found, known
        self.on_progress, self.on_outcome = on_progress, on_outcome
        self.expected: list[str] = []
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.done = 0

    def collect(self, message: Message) -> None:
        """Collect one message."""
        self.expected = message.get("cases", self.expected)
        if "refused" in message:
            self.found.error, self.found.error_code = message["refused"], message["exit_code"]
        elif "fault" in message:
            self.found.error = f"{self.found.kind} {self.found.name!r}: {message['fault']}"
        elif "clause" in message:
            self._case(message)
        elif "warning" in message:
            self.found.warnings[message["warning"]] += 1
        elif "doing" in message:
            self.on_progress(self.done, len(self.expected), message["doing"])

    def _case(self, row: dict[str, Any]) -> None:
        self.done += 1
        name = row["clause"]
        rows = self.rows.setdefault(name, [])
        rows.append(row)
        if len(rows) == self.expected.count(name):
            self._sum(name)

    def finish(self) -> None:
        """Sum the clause whose cases stopped at the first failure."""
        done = {f"test_{outcome.clause.name}" for outcome in self.found.outcomes}
        for name in self.rows.keys() - done:
            self._sum(name)

    def _sum(self, name: str) -> None:
        outcome = summed(self.known[name], self.rows[name])
        self.found.outcomes.append(outcome)
        self.on_outcome(outcome)


def summed(clause: Clause, rows: Sequence[dict[str, Any]]) -> Outcome:
    """Return the outcome of a clause from those of its cases."""
    results = [row["result"] for row in rows]
    result = next(r for r in ("failed", "not run", "passed", "not claimed") if r in results)
    reasons = _unique(row["reason"] for row in rows if row["result"] == result)
    return Outcome(
        clause,
        result,
        cases=len(rows),
        passed=results.count("passed"),
        seconds=sum(row["seconds"] for row in rows),
        reason=reasons[0] if result == "failed" else ", ".join(reasons),
        details="\n\n".join(row["details"] for row in rows if "details" in row),
        failed_cases=tuple(
            row["case"] for row in rows if row["result"] == "failed" and row["case"]
        ),
        location=next((row["location"] for row in rows if row.get("location")), ""),
    )


def _unique(reasons: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(reason for reason in reasons if reason)) or [""]


def _speed(name: str, limit: float) -> Speed:
    """Measure in a child process; a failure becomes the reason."""
    began = time.monotonic()
    answer = answers("gankit.testing.runner.speed", [name], limit=limit)[0]
    if reason := answer.get("fault") or answer.get("refused"):
        return Speed(reason=f"{reason} ({time.monotonic() - began:.0f} s)")
    return Speed(answer["milliseconds"], answer["reference"], answer["precision"])
