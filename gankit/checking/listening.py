"""A process of its own that tells lines of JSON while it works, and may crash or hang."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO, Any

from gankit.diagnosis.finding import described
from gankit.diagnosis.processes import end, ending

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
            process = _start(module, arguments, errors)
        except (OSError, ValueError) as error:
            yield {"fault": f"its process cannot be started: {described(error)}"}
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
        if fault := _fault(code, limit if late.is_set() else None, _read(errors), last):
            yield {"fault": ", ".join(filter(None, (fault, last.get("doing"))))}


def _start(module: str, arguments: tuple[str, ...], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a process that finds the same modules as this one."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(  # noqa: S603 - our own module.
        [sys.executable or "python", "-P", "-X", "faulthandler", "-m", module, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=environment,
        start_new_session=True,
    )  # fmt: skip


def _words(process: subprocess.Popen[bytes]) -> Iterator[Word]:
    for line in process.stdout or ():
        with suppress(ValueError):
            yield json.loads(line)


def _stop(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    """End a process that takes too long, and what it started; its pipe then ends by itself."""
    late.set()
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _fault(code: int, limit: float | None, errors: str, last: Word) -> str | None:
    if limit is not None:
        return f"its process did not end within {limit:g} s"
    if code:
        return ending(code, errors)
    return None if last.keys() & {"done", "refused"} else "its process ended before it was done"


def _read(errors: IO[bytes]) -> str:
    errors.seek(0)
    return errors.read().decode(errors="replace")
