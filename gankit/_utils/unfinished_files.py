"""Lock unfinished files, to distinguish files in use from files of killed processes.

A file is written under a temporary name beside its target. If its process is killed, the file
remains, but the system releases its lock. The next process that writes beside it removes unlocked
files and leaves locked ones, also those of other machines or containers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gankit._utils import system


@contextmanager
def created_locked(path: Path, *, folder: bool = False) -> Iterator[None]:
    """Create an empty file or folder, and hold its lock inside the block.

    Raises
    ------
    OSError
        The file cannot be created, or the name exists already.
    """
    descriptor = _create(path, folder=folder)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def is_locked(path: Path) -> bool | None:
    """Return whether a process holds the lock of a file or folder; None if unknown."""
    try:
        descriptor = os.open(path, os.O_RDONLY | system.PLAIN_FILE)
    except OSError:
        return None
    try:
        return system.is_locked(descriptor)
    finally:
        os.close(descriptor)


def _create(path: Path, *, folder: bool) -> int | None:
    """Create it; return the descriptor that holds its lock, or None without file locks."""
    while True:
        if folder:
            path.mkdir()
        else:
            path.touch(exist_ok=False)
        try:
            descriptor = system.open_folder(path) if folder else os.open(path, os.O_RDWR)
        except FileNotFoundError:  # Another process removed it before the lock: retry.
            continue
        if descriptor is None:
            return None
        if not system.lock(descriptor):
            os.close(descriptor)  # Windows cannot rename an open file.
            return None
        if os.path.lexists(path):
            return descriptor
        os.close(descriptor)
