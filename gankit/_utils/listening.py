"""Run a gankit module in a child process that sends lines of JSON, and may crash or hang."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO, Any

from gankit._utils.processes import Process, end, ending, kill, not_started, relay, start

Message = dict[str, Any]


def messages(module: str, *arguments: str, limit: float) -> Generator[Message]:
    """Run a gankit module, and yield its messages; the last is {"fault": ...} if it failed.

    Closing the generator ends the process and its children.

    Parameters
    ----------
    limit
        Seconds after which it is ended.
    """
    with TemporaryFile() as errors:
        try:
            process = start(module, arguments, errors)
        except (OSError, ValueError) as error:
            yield {"fault": not_started(error)}
            return
        late = threading.Event()
        timer = threading.Timer(limit, _stop, (process, late))
        timer.daemon = True
        timer.start()
        last: Message = {}
        try:
            for message in _received(process):
                last |= message
                yield message
            code = process.wait()
        finally:
            timer.cancel()
            end(process)
        text = _read(errors)
        relay(text)
        if fault := _fault(code, limit if late.is_set() else None, text, last):
            yield {"fault": ", ".join(filter(None, (fault, last.get("doing"))))}


def _received(process: Process) -> Iterator[Message]:
    for line in process.stdout or ():
        with suppress(ValueError):
            yield json.loads(line)


def _stop(process: Process, late: threading.Event) -> None:
    """End a process that exceeds its time limit."""
    late.set()
    kill(process)


def _fault(code: int, limit: float | None, errors: str, last: Message) -> str | None:
    if limit is not None:
        return f"its process did not end within {limit:g} s"
    if code:
        return ending(code, errors)
    return None if last.keys() & {"done", "refused"} else "its process ended before it was done"


def _read(errors: IO[bytes]) -> str:
    errors.seek(0)
    return errors.read().decode(errors="replace")
