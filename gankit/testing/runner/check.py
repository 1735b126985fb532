"""Check a backend against the contract from outside: clause by clause, then the level."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from gankit._utils.child_process import answers, messages
from gankit.errors import ExitCode
from gankit.testing.levels import LEVELS, Clause, clauses

RESULTS = ("kept", "broken", "not claimed", "not run")
_AT_MOST = 120.0
"""Seconds that measuring the speed may take."""


@dataclass(frozen=True)
class Outcome:
    """How one clause went, over all its cases.

    Attributes
    ----------
    clause
        Which.
    result
        One of `RESULTS`: "broken" if a case was, "kept" if some were and none was broken, "not
        claimed" if all need what the backend does not claim, "not run" if what they need was not
        given.
    cases, kept
        How many there are, and how many were kept.
    seconds
        All of them together.
    reason
        What a broken case said, what is not claimed, or what was not given, in one line.
    whole
        What the broken cases compared, in many lines.
    broken
        The names of the broken cases; a clause that has but one case has no name for it.
    frame
        The last place in the plugin's own package that the error came through: file, line,
        function and the line's text. Empty where it came through none.
    """

    clause: Clause
    result: str
    cases: int
    kept: int
    seconds: float
    reason: str
    whole: str = ""
    broken: tuple[str, ...] = ()
    frame: str = ""


@dataclass(frozen=True)
class LevelReport:
    """How the clauses of one level went; `reached` is None where not all of them could run."""

    level: str
    reached: bool | None
    kept: int
    broken: int
    not_claimed: int
    not_run: int


@dataclass(frozen=True)
class Speed:
    """Milliseconds of a step of the recipe `simple`; or why there is no figure."""

    milliseconds: float | None = None
    reference: float | None = None
    precision: str = ""
    reason: str = ""


@dataclass
class Check:
    """The result of checking one backend.

    Attributes
    ----------
    backend
        Its name.
    asked
        The level that it was asked to reach.
    partly
        Whether only some of the clauses were asked for, which proves no level.
    outcomes
        Of the clauses, in their order.
    fault
        Why it ended before all clauses had run, in one line, or None.
    fault_code
        The exit code that goes with it.
    """

    backend: str
    asked: str
    partly: bool = False
    outcomes: list[Outcome] = field(default_factory=list)
    speed: Speed = field(default_factory=Speed)
    fault: str | None = None
    fault_code: int = ExitCode.BACKEND

    @property
    def levels(self) -> list[LevelReport]:
        """How each level went, up to the one that was asked for."""
        reports: list[LevelReport] = []
        open_ = not self.partly
        for level in list(LEVELS)[: list(LEVELS).index(self.asked) + 1]:
            reports.append(report := self._level(level, open_))
            open_ = open_ and report.reached is True
        return reports

    @property
    def reached(self) -> str | None:
        """The highest level that it reached, or None."""
        return next((r.level for r in reversed(self.levels) if r.reached), None)

    @property
    def exit_code(self) -> int:
        """0 if it reached what it was asked to, or kept the clauses that were; else 5."""
        if self.fault:
            return self.fault_code
        broken = any(outcome.result == "broken" for outcome in self.outcomes)
        enough = not broken if self.partly else self.reached == self.asked
        return ExitCode.OK if enough else ExitCode.BACKEND

    def _level(self, level: str, below: bool) -> LevelReport:
        """Return one level's report; `below` says whether those before it are reached."""
        here = [o.result for o in self.outcomes if o.clause.level == level]
        counts = {result: here.count(result) for result in RESULTS}
        wanted = sum(clause.level == level for clause in clauses().values())
        reached = below and not counts["broken"] if len(here) == wanted else None
        if counts["broken"]:
            reached = False
        return LevelReport(level, reached, *counts.values())


def check(
    name: str,
    *,
    level: str,
    only: str,
    native_pair: str,
    limit: float,
    first: bool = False,
    doing: Callable[[int, int, str], None],
    tell: Callable[[Outcome], None],
) -> Check:
    """Check the backend `name` against the contract, in a child process.

    Parameters
    ----------
    level
        The highest level whose clauses run.
    only
        An expression of pytest's `-k`, or "" for all.
    native_pair
        "module:function" that builds native networks, or "".
    limit
        Seconds that the clauses may take.
    first
        Whether to stop at the first case that is broken.
    doing
        Is told how many of how many cases are done, and which clause is at work.
    tell
        Is told each outcome when its clause is through.
    """
    found = Check(name, level, partly=bool(only))
    arguments = [name, "--level", level, f"--only={only}", f"--native-pair={native_pair}"]
    arguments += ["--first"] if first else []
    gathering = _Gathering(found, clauses(level), doing, tell)
    with closing(messages("gankit.testing.runner.reporting", *arguments, limit=limit)) as words:
        for word in words:
            gathering.take(word)
    if first and not found.fault:
        gathering.finish()
    if not found.outcomes and not found.fault:
        found.fault = f"no clause of that level matches -k {only!r}"
        found.fault_code = ExitCode.USAGE
    if not found.fault and not only and not (first and found.exit_code):
        doing(gathering.done, gathering.done, "in measuring the time of a step")
        found.speed = _speed(name, min(limit, _AT_MOST))
    return found


class _Gathering:
    """What is known while cases end one after the other."""

    def __init__(
        self,
        found: Check,
        known: dict[str, Clause],
        doing: Callable[[int, int, str], None],
        tell: Callable[[Outcome], None],
    ) -> None:
        self.found, self.known, self.doing, self.tell = found, known, doing, tell
        self.expected: list[str] = []
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.done = 0

    def take(self, word: dict[str, Any]) -> None:
        """Take one word of the process."""
        self.expected = word.get("cases", self.expected)
        if "refused" in word:
            self.found.fault, self.found.fault_code = word["refused"], word["exit_code"]
        elif "fault" in word:
            self.found.fault = f"backend {self.found.backend!r}: {word['fault']}"
        elif "clause" in word:
            self._case(word)
        elif "doing" in word:
            self.doing(self.done, len(self.expected), word["doing"])

    def _case(self, row: dict[str, Any]) -> None:
        self.done += 1
        name = row["clause"]
        rows = self.rows.setdefault(name, [])
        rows.append(row)
        if len(rows) == self.expected.count(name):
            self._sum(name)

    def finish(self) -> None:
        """Sum the clause that was stopped at its first broken case."""
        done = {f"test_{outcome.clause.name}" for outcome in self.found.outcomes}
        for name in self.rows.keys() - done:
            self._sum(name)

    def _sum(self, name: str) -> None:
        outcome = summed(self.known[name], self.rows[name])
        self.found.outcomes.append(outcome)
        self.tell(outcome)


def summed(clause: Clause, rows: Sequence[dict[str, Any]]) -> Outcome:
    """Return the outcome of a clause from those of its cases."""
    results = [row["result"] for row in rows]
    result = next(r for r in ("broken", "not run", "kept", "not claimed") if r in results)
    reasons = _each_once(row["reason"] for row in rows if row["result"] == result)
    return Outcome(
        clause,
        result,
        cases=len(rows),
        kept=results.count("kept"),
        seconds=sum(row["seconds"] for row in rows),
        reason=reasons[0] if result == "broken" else ", ".join(reasons),
        whole="\n\n".join(row["whole"] for row in rows if "whole" in row),
        broken=tuple(row["case"] for row in rows if row["result"] == "broken" and row["case"]),
        frame=next((row["frame"] for row in rows if row.get("frame")), ""),
    )


def _each_once(reasons: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(reason for reason in reasons if reason)) or [""]


def _speed(name: str, limit: float) -> Speed:
    """Measure in a child process; a failure is a reason, never a fault."""
    began = time.monotonic()
    said = answers("gankit.testing.runner.speed", [name], limit=limit)[0]
    if reason := said.get("fault") or said.get("refused"):
        return Speed(reason=f"{reason} ({time.monotonic() - began:.0f} s)")
    return Speed(said["milliseconds"], said["reference"], said["precision"])
