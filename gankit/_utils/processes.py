"""Ask child processes, which may crash or hang without affecting this one."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any, TypeAlias

from gankit._utils.finding import described, plain

MOST_SECONDS = 60.0
"""Time limit of an answer; importing a framework from a cold disk can take twenty seconds."""
DEBUG = "GANKIT_DEBUG"
"""The environment variable equal to `--debug`; child processes inherit it."""
LOG = logging.getLogger("gankit")
_PLACE = re.compile(r'File "(.+)", line (\d+) in (\S+)')
Process: TypeAlias = "subprocess.Popen[bytes]"


@dataclass(frozen=True)
class Answer:
    """The output of a child process, and how it failed.

    Attributes
    ----------
    said
        All its lines of JSON, merged into one dict.
    fault
        How it failed, in one line, or None.
    """

    said: dict[str, Any]
    fault: str | None


def debug_asked() -> bool:
    """Return whether the environment asks for `--debug`: `GANKIT_DEBUG` is set, and not 0."""
    return os.environ.get(DEBUG, "0") not in ("", "0")


@contextmanager
def debugging() -> Iterator[None]:
    """Show gankit's log on standard error inside the block, in child processes too."""
    handler, before = logging.StreamHandler(), LOG.level
    LOG.addHandler(handler)
    LOG.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        LOG.setLevel(before)


def heed_debug() -> None:
    """Show gankit's log in this process until it ends, if its parent shows its own."""
    if debug_asked():
        LOG.addHandler(logging.StreamHandler())
        LOG.setLevel(logging.DEBUG)


def relay(errors: str) -> None:
    """Print a child process's standard error, if this process shows its log."""
    if errors.strip():
        LOG.debug("%s", errors.rstrip())


def ask(*questions: Sequence[str], limit: float = MOST_SECONDS) -> list[Answer]:
    """Run each question in a child process, in parallel; their errors are returned, not raised."""
    started: list[Process | str] = []
    try:
        for question in questions:  # One by one: whatever has started must be ended.
            started.append(_start(question))  # noqa: PERF401
        return [_answer(process, limit) for process in started]
    finally:
        for process in started:
            if not isinstance(process, str):
                end(process)


def command(question: Sequence[str]) -> list[str]:
    """Return the command line of a question; it can also be run by hand."""
    return _python("gankit.cli.doctor.subprocess_answers", question)


def start(module: str, arguments: Sequence[str], errors: int | IO[bytes], *without: str) -> Process:
    """Start a gankit module in a child process with the same import path.

    Parameters
    ----------
    errors
        Destination of standard error.
    without
        Environment variables to remove.
    """
    # To Python, an empty entry in PYTHONPATH is the working folder.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    if LOG.isEnabledFor(logging.DEBUG):
        environment[DEBUG] = "1"
    for name in without:
        environment.pop(name, None)
    return subprocess.Popen(  # noqa: S603 - our own module.
        _python(module, arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=errors, env=environment, start_new_session=True,
    )  # fmt: skip


def _python(module: str, arguments: Sequence[str]) -> list[str]:
    return [sys.executable or "python", "-P", "-X", "faulthandler", "-m", module, *arguments]


def _start(question: Sequence[str]) -> Process | str:
    """Start the child process of a question, or return why it cannot start."""
    try:  # Report a broken plugin; do not raise.
        return start(
            "gankit.cli.doctor.subprocess_answers",
            question,
            subprocess.PIPE,
            "GANKIT_STRICT_PLUGINS",
        )
    except (OSError, ValueError) as error:
        return not_started(error)


def not_started(error: Exception) -> str:
    """Return why a process could not be started, in one line."""
    return f"its process cannot be started: {described(error)}"


def _answer(process: Process | str, limit: float) -> Answer:
    if isinstance(process, str):
        return Answer({}, process)
    try:
        out, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired as late:
        said = _lines(late.stdout or b"")
        return Answer(said, f"its process did not end within {limit:g} s{_doing(said)}")
    said, text = _lines(out), errors.decode(errors="replace")
    relay(text)
    if fault := ending(process.returncode, text):
        return Answer(said, f"{fault}{_doing(said)}")
    return Answer(said, said.get("fault"))


def _lines(out: bytes) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for line in out.splitlines():
        with suppress(ValueError, TypeError):
            said |= json.loads(line)
    return said


def _doing(said: dict[str, Any]) -> str:
    return f" {said['doing']}" if "doing" in said else ""


def ending(code: int, errors: str) -> str | None:
    """Return how a process failed, from its exit code and standard error, or None."""
    if code == 0:
        return None
    if code < 0:
        place = _PLACE.search(errors)
        where = f" at {place[1]}:{place[2]} in {place[3]}" if place else ""
        return f"its process was ended by {_signal(-code)}{where}"
    lines = errors.strip().splitlines()
    return f"its process ended with exit code {code}" + (f" ({plain(lines[-1])})" if lines else "")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def kill(process: Process) -> None:
    """Kill a process and its children; its pipes then close."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def end(process: Process) -> None:
    """Kill a process and its children, and wait for it."""
    kill(process)
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()
    process.wait()
