"""The lock of a run's folder, so that only one process writes."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from gankit._utils import atomic_files, locked_folders
from gankit._utils.locked_folders import OpenFolder
from gankit._utils.storage import read_plain, writing
from gankit._utils.system import may_run
from gankit.errors import CheckpointError, StorageError

LOCK = ".lock"
_HOLDER = ".lock-holder"


@contextmanager
def locked(folder: Path) -> Iterator[OpenFolder]:
    """Hold the lock of an existing folder inside the block, and yield the folder.

    The system releases the lock when the process ends, so it is never stale; the file beside it
    only names the process. Inside the block, `locked_folders.require` checks that the path is still
    that of this folder, before each write below it.

    Raises
    ------
    StorageError
        Another process holds the lock, or the folder cannot be written; `Lost` if it was moved or
        removed.
    """
    with writing(folder):
        found = locked_folders.opened(folder)
    try:
        lock = _acquired(folder)
        try:
            with locked_folders.watched(found):
                atomic_files.write_file(folder / _HOLDER, _this_process())
                yield found
        finally:
            _remove_holder(found)
            lock.release()
    finally:
        found.close()


def is_held(folder: Path) -> bool:
    """Return whether a process of this machine holds the lock, without taking it."""
    try:
        holder = json.loads(read_plain(folder / _HOLDER, 4096))
        process, host = int(holder["process"]), holder["host"]
    except (CheckpointError, ValueError, TypeError, KeyError, RecursionError):
        return False
    return host == socket.gethostname() and may_run(process)


def _acquired(folder: Path) -> BaseFileLock:
    lock = FileLock(folder / LOCK)
    with writing(folder):
        try:
            lock.acquire(timeout=0)
        except Timeout:  # It is an OSError too, and must not reach `writing`.
            raise StorageError(
                f"{folder} is being written by {_holder(folder)}; "
                "wait for it to end, or name another folder"
            ) from None
    return lock


def _this_process() -> bytes:
    return json.dumps({"process": os.getpid(), "host": socket.gethostname()}).encode()


def _holder(folder: Path) -> str:
    try:
        holder = json.loads(read_plain(folder / _HOLDER, 4096))
        return f"another process ({int(holder['process'])} on {holder['host']!s:.80})"
    except (CheckpointError, ValueError, TypeError, KeyError, RecursionError):
        return "another process"


def _remove_holder(folder: OpenFolder) -> None:
    """Remove the file that names the holder of the lock."""
    if place := folder.place():
        with suppress(OSError):
            (place / _HOLDER).unlink(missing_ok=True)
