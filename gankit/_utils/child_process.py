"""Run a module of gankit in a child process, which sends messages and may crash or hang.

A message is a JSON object on one line of the process's original standard output:

    parent                                          child
    for message in messages("gankit.x", limit=9):   send = channel()
        ...                                         send({"doing": "while it was loaded"})
                                                    send({"answer": 42, "done": True})

The child's last message contains "done" or "refused". If the child fails, the last message that the
parent gets is {"fault": ...}, a description in one line.

A child that shows its own progress, and answers with files and an exit code, sends no messages:
`run_in_terminal` runs it.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from tempfile import TemporaryFile
from types import FrameType
from typing import IO, Any, TypeAlias

from gankit._text import plain
from gankit._utils import system
from gankit._utils.debug_log import DEBUG, LOG, heed_debug
from gankit._utils.stop_signals import taken
from gankit._utils.system import Process
from gankit.errors import described

Message: TypeAlias = dict[str, Any]
Send: TypeAlias = Callable[[Mapping[str, Any]], None]
_FRAME = re.compile(r'File "(.+)", line (\d+) in (\S+)')


def channel() -> Send:
    """Return the child's function that sends a message; printed text goes to standard error."""
    heed_debug()
    descriptor = os.dup(1)
    os.dup2(2, 1)

    def send(message: Mapping[str, Any]) -> None:
        os.write(descriptor, f"{json.dumps(message)}\n".encode())

    return send


def command(module: str, arguments: Sequence[str]) -> list[str]:
    """Return the command that runs a module of gankit; it also works in a shell."""
    return [sys.executable or "python", "-P", "-X", "faulthandler", "-m", module, *arguments]


def start(
    module: str,
    arguments: Sequence[str],
    errors: int | IO[bytes],
    without: Sequence[str] = (),
    *,
    output: int = subprocess.PIPE,
    environment: Mapping[str, str] = os.environ,
) -> Process:
    """Start a module of gankit in a child process that finds the same modules as this one.

    Parameters
    ----------
    module, arguments
        The module, and its command-line arguments.
    errors
        The child's standard error: a file or a descriptor.
    without
        Names of environment variables that are removed.
    output
        The child's standard output: a pipe by default, or a descriptor.
    environment
        The child's environment variables; those of this process by default.
    """
    # Python takes an empty entry of PYTHONPATH as the working folder.
    paths = [*sys.path, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    variables = {**environment, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
    if LOG.isEnabledFor(logging.DEBUG):
        variables[DEBUG] = "1"
    for name in without:
        variables.pop(name, None)
    return system.start(
        command(module, arguments), output=output, errors=errors, environment=variables
    )


def run_in_terminal(module: str, *arguments: str) -> int:
    """Run a module of gankit that writes to this process's terminal; return its exit code.

    The child gets the signals that this process gets. If one ends it, the exit code is 128 and the
    signal's number, as in a shell.
    """
    process = start(module, arguments, errors=2)

    def forward(number: int, _frame: FrameType | None) -> None:
        system.pass_on(process, number)

    try:
        with taken(forward):
            process.communicate()
    finally:
        kill(process)
    code = process.returncode
    return code if code >= 0 else 128 - code


def kill(process: Process) -> None:
    """Kill a child process and all processes that it started, and wait for it."""
    system.kill(process)
    process.wait()


def messages(module: str, *arguments: str, limit: float) -> Generator[Message]:
    """Run a module of gankit and yield its messages; the last is {"fault": ...} if it failed.

    Closing the generator kills the process and all processes that it started.

    Parameters
    ----------
    limit
        Seconds after which the process is killed.
    """
    with closing(_Child(module, arguments, limit)) as child:
        yield from child


def answers(
    module: str, *calls: Sequence[str], limit: float, without: Sequence[str] = ()
) -> list[Message]:
    """Run a module once for each of `calls`, in parallel; return the merged messages of each.

    Parameters
    ----------
    module
        The module.
    calls
        The arguments of each process.
    limit
        Seconds after which a process is killed.
    without
        Names of environment variables that are removed.
    """
    with ExitStack() as stack:
        children = [
            stack.enter_context(closing(_Child(module, arguments, limit, without)))
            for arguments in calls
        ]
        return [{k: v for message in child for k, v in message.items()} for child in children]


class _Child:
    """A child process; `fault` is the reason if it could not be started."""

    def __init__(
        self, module: str, arguments: Sequence[str], limit: float, without: Sequence[str] = ()
    ) -> None:
        self.limit, self.deadline = limit, time.monotonic() + limit
        self.errors, self.process = TemporaryFile(), None  # noqa: SIM115 - `close` closes it.
        self.lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        try:
            self.process = start(module, arguments, self.errors, without)
        except (OSError, ValueError) as error:
            self.fault = f"its process cannot be started: {described(error)}"
        else:
            threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    def __iter__(self) -> Iterator[Message]:
        """Yield the messages, and at the end the fault if the process failed."""
        if self.process is None:
            yield {"fault": self.fault}
            return
        found: Message = {}
        late = False
        try:
            while line := self.lines.get(timeout=max(0.0, self.deadline - time.monotonic())):
                with suppress(ValueError, TypeError):
                    found |= (message := json.loads(line))
                    yield message
            code = self.process.wait(max(0.0, self.deadline - time.monotonic()))
        except (queue.Empty, subprocess.TimeoutExpired):
            late, code = True, 0
        kill(self.process)
        self.errors.seek(0)
        text = self.errors.read().decode(errors="replace")
        if text.strip():
            LOG.debug("%s", text.rstrip())
        fault = f"its process did not end within {self.limit:g} s" if late else ending(code, text)
        if fault is None and not found.keys() & {"done", "refused"}:
            fault = "its process ended before it was done"
        if fault:
            yield {"fault": ", ".join(filter(None, (fault, found.get("doing"))))}

    def close(self) -> None:
        """Kill the process and all processes that it started."""
        if self.process:
            kill(self.process)
        self.errors.close()

    def _read(self, stream: IO[bytes]) -> None:
        """Read the lines in a thread: a process outside the group may keep the pipe open."""
        with stream:
            for line in stream:
                self.lines.put(line)
        self.lines.put(None)


def ending(code: int, errors: str) -> str | None:
    """Return how a process failed, from its exit code and its standard error, or None."""
    if code == 0:
        return None
    if code < 0:
        frame = _FRAME.search(errors)
        location = f" at {frame[1]}:{frame[2]} in {frame[3]}" if frame else ""
        return f"its process was ended by {signal_name(-code)}{location}"
    lines = errors.strip().splitlines()
    return f"its process ended with exit code {code}" + (f" ({plain(lines[-1])})" if lines else "")


def signal_name(number: int) -> str:
    """Return the name of a signal.

    >>> signal_name(9)
    'SIGKILL'
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
