"""Functions run in a child process, which may die: its result, time and memory."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ended:
    """How a child ended.

    Attributes
    ----------
    signal
        The one that killed it, or 0.
    exit
        The code of a SystemExit that the function raised, or None.
    value
        What the function returned, as it comes back from JSON; None if it did not return.
    error
        "StorageError: cannot write ..." of what it raised, what it did that took too long, or None.
    seconds, megabytes
        How long it took, and how much its memory grew at most above what it began with.
    """

    signal: int
    exit: int | None
    value: Any
    error: str | None
    seconds: float
    megabytes: float


def in_child(function, *arguments, limit=60):
    """Run a function in a fork of this process; after `limit` seconds SIGALRM ends it.

    A fork begins with everything imported, so that a child costs milliseconds, and whatever it
    patches, imports or allocates is gone with it.
    """
    out, into = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(out)
        _run(into, function, arguments, limit)
    os.close(into)
    with os.fdopen(out, "rb") as said:
        content = said.read()
    _, status = os.waitpid(child, 0)
    told = json.loads(content) if content else {}
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        told["error"] = f"waited {limit:g} s for {function.__name__}{arguments!r} to end"
    return Ended(
        signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        exit=told.get("exit"),
        value=told.get("value"),
        error=told.get("error"),
        seconds=time.monotonic() - began,
        megabytes=told.get("megabytes", 0.0),
    )


def _run(into, function, arguments, limit):
    """Run in the child, report, and end without the parent's clean-up."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limit)
    before, told = _peak(), {}
    try:
        told["value"] = function(*arguments)
    except SystemExit as error:
        told["exit"] = error.code
    except BaseException as error:
        told["error"] = f"{type(error).__name__}: {error}"
    told["megabytes"] = (_peak() - before) / 2**20
    os.write(into, json.dumps(told).encode())
    os._exit(0)


def _peak():
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
