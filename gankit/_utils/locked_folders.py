"""The run folders that this process has locked, and whether each is still the one it locked.

A folder can be moved or removed while its run trains. Its path then leads nowhere, or to another
folder, and what is written there is lost to the run. So everything that writes asks `require`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from gankit.errors import StorageError

Identity: TypeAlias = tuple[int, int]
"""Device and inode: what a file or folder keeps when it is renamed."""


class Lost(StorageError):
    """What a process writes is no longer where it was: it was moved or removed."""


@dataclass(frozen=True)
class Held:
    """A folder that was opened.

    Attributes
    ----------
    path
        Its path as the run names it, relative or absolute.
    identity
        Its device and inode.
    descriptor
        Of the open folder, which follows it wherever it is moved; None where the system opens none.
    """

    path: Path
    identity: Identity
    descriptor: int | None

    def is_there(self) -> bool:
        """Return whether `path` still leads to the folder."""
        return identity(self.path) == self.identity

    def place(self) -> Path | None:
        """Return where the folder is now; None where it was removed or the system does not say."""
        if self.is_there():
            return self.path
        try:
            now = Path(f"/proc/self/fd/{self.descriptor}").readlink()
        except OSError:
            return None
        return now if identity(now) == self.identity else None

    def close(self) -> None:
        """Close the descriptor."""
        if self.descriptor is not None:
            os.close(self.descriptor)


_watched: dict[Path, Held] = {}


def opened(path: Path) -> Held:
    """Return a folder that exists, open; OSError where that cannot be."""
    descriptor = os.open(path, os.O_RDONLY) if os.name == "posix" else None
    status = path.stat() if descriptor is None else os.fstat(descriptor)
    return Held(path, (status.st_dev, status.st_ino), descriptor)


@contextmanager
def watched(held: Held) -> Iterator[None]:
    """Let `require` answer for the folder, and for all below it, inside the block."""
    _watched[held.path] = held
    try:
        yield
    finally:
        del _watched[held.path]


def above(path: Path) -> Held | None:
    """Return the watched folder that `path` names, or that it lies in; None where there is none."""
    return next((held for held in _watched.values() if path.is_relative_to(held.path)), None)


def require(path: Path) -> None:
    """Raise Lost if `path` lies in a watched folder that is no longer where it was."""
    held = above(path)
    if held is not None and not held.is_there():
        now = held.place()
        became = "removed, or moved to an unknown place" if now is None else f"moved to {now}"
        raise Lost(f"{held.path} was {became} while a process wrote to it")


def identity(path: Path) -> Identity | None:
    """Return the device and inode of what `path` leads to; None where there is nothing."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
