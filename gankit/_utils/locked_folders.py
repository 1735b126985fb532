"""The run folders that this process has locked, and whether each still has its path.

A folder can be moved or removed while its run trains. Its path then does not exist, or is that of
another folder, and the run would lose files that are written there. So every write first calls
`require`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from gankit._utils import system
from gankit.errors import StorageError

Identity: TypeAlias = tuple[int, int]
"""Device and inode: they stay the same when a file or folder is renamed."""


class Lost(StorageError):
    """A file or folder that this process writes to was moved or removed."""


@dataclass(frozen=True)
class OpenFolder:
    """An open folder.

    Attributes
    ----------
    path
        Its path when it was opened, relative or absolute.
    identity
        Its device and inode.
    descriptor
        Descriptor of the open folder, still valid after a move; None if the system cannot open
        folders.
    """

    path: Path
    identity: Identity
    descriptor: int | None

    def is_there(self) -> bool:
        """Return whether the folder is still at `path`."""
        return identity(self.path) == self.identity

    def place(self) -> Path | None:
        """Return the current path of the folder; None if it was removed or the path is unknown."""
        if self.is_there():
            return self.path
        now = None if self.descriptor is None else system.path_of(self.descriptor)
        return now if now is not None and identity(now) == self.identity else None

    def close(self) -> None:
        """Close the descriptor."""
        if self.descriptor is not None:
            os.close(self.descriptor)


_watched: dict[Path, OpenFolder] = {}
_expected: set[Path] = set()


def opened(path: Path) -> OpenFolder:
    """Open a folder that exists and return it; OSError on failure."""
    descriptor = system.open_folder(path)
    status = path.stat() if descriptor is None else os.fstat(descriptor)
    return OpenFolder(path, (status.st_dev, status.st_ino), descriptor)


@contextmanager
def watched(folder: OpenFolder) -> Iterator[None]:
    """Make `require` check the folder, and all below it, inside the block."""
    _watched[folder.path] = folder
    try:
        yield
    finally:
        del _watched[folder.path]
        _expected.difference_update([path for path in _expected if above(path) is None])


def expect(path: Path) -> None:
    """Make `require` check that a file of a watched folder exists."""
    if above(path) is not None:
        _expected.add(path)


def above(path: Path) -> OpenFolder | None:
    """Return the watched folder that `path` is or is inside of, or None."""
    return next((folder for folder in _watched.values() if path.is_relative_to(folder.path)), None)


def require(path: Path) -> None:
    """Raise Lost if `path` is in a watched folder that was moved or removed, or lost a file."""
    folder = above(path)
    if folder is not None and not folder.is_there():
        now = folder.place()
        change = "removed, or moved to an unknown path" if now is None else f"moved to {now}"
        raise Lost(f"{folder.path} was {change} while a process wrote to it")
    for file in _expected:
        if folder is not None and file.is_relative_to(folder.path) and not file.exists():
            raise Lost(f"{file} was moved or removed while a process wrote to {folder.path}")


def require_same(path: Path, before: Identity) -> None:
    """Raise Lost if `path` is not the file or folder that it was `before`."""
    if identity(path) != before:
        raise Lost(f"{path} was moved or removed while a process wrote to it")


def identity(path: Path) -> Identity | None:
    """Return the device and inode of the target of `path`; None if it does not exist."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
