"""What is wrong, and what to do about it; and the guard that keeps the doctor on its feet."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from gankit._text import one_line
from gankit.errors import ExitCode, GankitError

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Finding:
    """A problem.

    Attributes
    ----------
    subject
        What has it: a variable's name, a backend's, a plugin, a folder.
    problem
        What is wrong, in one line.
    remedy
        What to do, in one line.
    exit_code
        How `gankit doctor` ends if this is the first.
    """

    subject: str
    problem: str
    remedy: str
    exit_code: ExitCode


def guarded(subject: str, look: Callable[[], Seen], otherwise: Seen, into: list[Finding]) -> Seen:
    """Return what `look` sees; if it raises, `otherwise`, and a finding goes `into` the list."""
    try:
        return look()
    except Exception as error:
        problem = f"the doctor could not look at it: {described(error)}"
        into.append(Finding(subject, problem, "please report this", ExitCode.UNEXPECTED))
        return otherwise


def described(error: BaseException) -> str:
    """Return an error's kind and the first line of its message; one of ours needs no kind.

    The log, which `--debug` shows, gets where it was raised.

    >>> described(ValueError("no"))
    'ValueError: no'
    """
    logging.getLogger("gankit").debug("an error that is told in one line:", exc_info=error)
    if isinstance(error, GankitError):
        return str(error)
    lines = str(error).strip().splitlines() or ["no message"]
    return f"{type(error).__name__}: {lines[0]}"


def plain(text: object, limit: int = 300) -> str:
    r"""Return a stranger's text on one line, without characters that steer a terminal.

    >>> plain("a\x1b[31mb\nc")
    'a\\x1b[31mb c'
    """
    line = one_line(text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
