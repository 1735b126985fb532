"""Problems that `gankit doctor` finds, each with its remedy, and a guard around its checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from gankit.errors import ExitCode, described

Result = TypeVar("Result")


@dataclass(frozen=True)
class Finding:
    """A problem and its remedy.

    Attributes
    ----------
    subject
        The variable, backend, plugin or folder that has the problem.
    problem
        The problem, in one line.
    remedy
        What to do, in one line.
    exit_code
        Exit code of `gankit doctor` if this is the first problem.
    """

    subject: str
    problem: str
    remedy: str
    exit_code: ExitCode


def guarded(
    subject: str, check: Callable[[], Result], otherwise: Result, into: list[Finding]
) -> Result:
    """Return the result of `check`; if it raises, `otherwise`, and add a finding to `into`."""
    try:
        return check()
    except Exception as error:
        problem = f"the check failed: {described(error)}"
        into.append(Finding(subject, problem, "please report this", ExitCode.UNEXPECTED))
        return otherwise
