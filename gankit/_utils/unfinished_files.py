"""Who still writes an unfinished file: a lock says so, and goes with the process that holds it.

A file is written under a name of its own beside its target. A process that is killed leaves it
there. The next one that writes beside it removes what nobody holds, and leaves what somebody does,
whichever machine or container that process is on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be renamed either.
    fcntl = None  # type: ignore[assignment]

# A link is not followed, and a pipe not waited for.
_LOOK = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@contextmanager
def held(path: Path, *, folder: bool = False) -> Iterator[None]:
    """Make an empty file or folder, and hold its lock inside the block.

    Raises
    ------
    OSError
        It cannot be made, or something of that name is there.
    """
    descriptor = _made(path, folder=folder)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def is_held(path: Path) -> bool | None:
    """Return whether a process holds the lock of a file or folder; None if that is not known."""
    if fcntl is None:
        return None
    try:
        descriptor = os.open(path, _LOOK)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # A file system without locks.
        return None
    finally:
        os.close(descriptor)
    return False


def _made(path: Path, *, folder: bool) -> int | None:
    """Make it; return the descriptor that holds its lock, or None where there are no locks."""
    while True:
        if folder:
            path.mkdir()
        else:
            path.touch(exist_ok=False)
        if fcntl is None:
            return None
        try:
            descriptor = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
        except FileNotFoundError:  # Another process removed it before it was locked: once more.
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            os.close(descriptor)
            return None
        if os.path.lexists(path):
            return descriptor
        os.close(descriptor)
