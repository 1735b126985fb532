"""Problems that `gankit doctor` finds, each with its remedy, and a guard around its checks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from gankit._text import one_line
from gankit.errors import ExitCode, GankitError

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


def described(error: BaseException) -> str:
    """Return an error's type and the first line of its message; no type for a gankit error.

    The traceback goes to the log, which `--debug` shows.

    >>> described(ValueError("no"))
    'ValueError: no'
    """
    logging.getLogger("gankit").debug("an error that is reported in one line:", exc_info=error)
    if isinstance(error, GankitError):
        return str(error)
    lines = str(error).strip().splitlines() or ["no message"]
    return f"{type(error).__name__}: {lines[0]}"


def plain(text: object, limit: int = 300) -> str:
    r"""Return third-party text on one line, with terminal control codes escaped.

    >>> plain("a\x1b[31mb\nc")
    'a\\x1b[31mb c'
    """
    line = one_line(text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
