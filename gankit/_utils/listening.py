"""A process of its own that tells lines of JSON while it works, and may crash or hang."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO, Any

from gankit._utils.processes import Process, end, ending, kill, not_started, relay, start

Word = dict[str, Any]


def told(module: str, *arguments: str, limit: float) -> Generator[Word]:
    """Run a module of ours, and yield what it tells; last of all {"fault": ...} if it failed.

    Close the generator, and the process is ended with all that it started.

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
        last: Word = {}
        try:
            for word in _words(process):
                last |= word
                yield word
            code = process.wait()
        finally:
            timer.cancel()
            end(process)
        text = _read(errors)
        relay(text)
        if fault := _fault(code, limit if late.is_set() else None, text, last):
            yield {"fault": ", ".join(filter(None, (fault, last.get("doing"))))}


def _words(process: Process) -> Iterator[Word]:
    for line in process.stdout or ():
        with suppress(ValueError):
            yield json.loads(line)


def _stop(process: Process, late: threading.Event) -> None:
    """End a process that takes too long."""
    late.set()
    kill(process)


def _fault(code: int, limit: float | None, errors: str, last: Word) -> str | None:
    if limit is not None:
        return f"its process did not end within {limit:g} s"
    if code:
        return ending(code, errors)
    return None if last.keys() & {"done", "refused"} else "its process ended before it was done"


def _read(errors: IO[bytes]) -> str:
    errors.seek(0)
    return errors.read().decode(errors="replace")
