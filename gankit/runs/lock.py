"""One run, one writer: a lock that goes with its process, however that ends."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from gankit.errors import CheckpointError, StorageError
from gankit.runs import atomic
from gankit.runs.storage import read_plain, writing

_LOCK = ".lock"
_HOLDER = ".lock-holder"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock inside the block.

    The system drops the lock when the process ends, so none is ever stale; the file beside it
    only says who holds it.

    Raises
    ------
    StorageError
        Another process holds it, or the folder cannot be written.
    """
    lock = _acquired(folder)
    try:
        atomic.write_file(folder / _HOLDER, _myself())
        yield
    finally:
        _forget(folder)
        lock.release()


def _acquired(folder: Path) -> BaseFileLock:
    lock = FileLock(folder / _LOCK)
    with writing(folder):
        try:
            lock.acquire(timeout=0)
        except Timeout:  # An OSError too: it must not reach `writing`.
            raise StorageError(
                f"{folder} is being written by {_holder(folder)}; "
                "wait for it to end, or name another folder"
            ) from None
    return lock


def _myself() -> bytes:
    return json.dumps({"process": os.getpid(), "host": socket.gethostname()}).encode()


def _holder(folder: Path) -> str:
    try:
        said = json.loads(read_plain(folder / _HOLDER, 4096))
        return f"another process ({int(said['process'])} on {said['host']!s:.80})"
    except (CheckpointError, ValueError, TypeError, KeyError, RecursionError):
        return "another process"


def _forget(folder: Path) -> None:
    """Remove what says who holds the lock; left behind, it misleads nobody for long."""
    try:
        (folder / _HOLDER).unlink(missing_ok=True)
    except OSError:
        return
