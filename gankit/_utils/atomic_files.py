"""Files and folders that are there whole or not at all, whenever the process or machine stops.

The order is always the same: everything goes under a temporary name beside its target and is
synced, one rename publishes it, and syncing the parent makes the rename last.
"""

from __future__ import annotations

import errno
import functools
import itertools
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from gankit._utils import locked_folders, unfinished_files
from gankit._utils.storage import patiently, read_plain, writing
from gankit.errors import StorageError

_TEMPORARY = re.compile(r"\.gankit-([0-9]{1,9})-([0-9a-f]{8})-[0-9]+\.tmp")
# A container's processes get the same few numbers again and again; the mark tells them apart.
_MARK = secrets.token_hex(4)
_count = itertools.count()
_APPEND = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_APPEND
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)
LARGE = 2**20
"""Bytes from which on what killed processes left is looked for before a file is written."""


def write_file(path: Path, content: bytes) -> None:
    """Write `content` to `path`, replacing what is there, so that it is never seen half-written.

    Raises
    ------
    StorageError
        It could not be written; `path` is as it was.
    """
    if len(content) > LARGE:
        with suppress(StorageError):
            sweep(path.parent)
    _attempt(path, lambda: _write_file(path, content))


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of files, in their order, replacing what is at `path`.

    Parameters
    ----------
    path
        The folder; the one above it must exist.
    files
        Content by file name. Put last what says that the others are whole.

    Raises
    ------
    StorageError
        It could not be written; `path` is as it was.
    """
    _attempt(path, lambda: _write_folder(path, files))


def make_folder(path: Path) -> None:
    """Make a folder and those above it, lastingly; StorageError if that cannot be.

    The folder of a run that this process has locked is never made again.
    """
    with writing(path):
        locked = locked_folders.above(path)
        missing = [
            folder
            for folder in (path, *path.parents)
            if not folder.is_dir() and not (locked and locked.path.is_relative_to(folder))
        ]
        for folder in reversed(missing):
            patiently(functools.partial(folder.mkdir, exist_ok=True))
            sync_folder(folder.parent)


def claim_folder(path: Path) -> bool:
    """Make a folder that nobody else has; return False if there is something of that name."""
    make_folder(path.parent)
    with writing(path):
        try:
            path.mkdir()
        except FileExistsError:
            return False
    return True


@contextmanager
def workplace(path: Path) -> Iterator[Path]:
    """Give a new folder beside `path`, for others to write what `publish` then moves there.

    It goes at the end with all that is left in it, and what killed processes left beside it goes
    first; StorageError if it cannot be made.
    """
    with suppress(StorageError):
        sweep(path.parent)
    temporary = _temporary(path)
    with ExitStack() as stack:
        with writing(path):
            patiently(lambda: stack.enter_context(unfinished_files.held(temporary, folder=True)))
        try:
            yield temporary
        finally:
            _discard(temporary)


def publish(made: Path, path: Path) -> None:
    """Sync a file or folder that a library wrote in a `workplace`, and move it to `path`.

    Raises
    ------
    StorageError
        It could not be moved; `path` is as it was.
    """
    with writing(path):
        for part in (made, *made.rglob("*")):
            _sync(part)
        if made.is_dir():
            _publish(made, path)
        else:
            made.replace(path)
            sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove a file or folder: out of sight by one rename, then for good."""
    with writing(path):
        hidden = _temporary(path)
        patiently(lambda: path.rename(hidden))
        sync_folder(path.parent)
        _discard(hidden)


def sweep(folder: Path, *, alone: bool = False) -> None:
    """Delete what killed processes left half-written in `folder`.

    With `alone`, nobody else can be writing there (the caller holds the run's lock), and all that
    is unfinished goes; else only what no process holds the lock of.
    """
    with writing(folder):
        for path in list(folder.iterdir()) if folder.is_dir() else ():
            match = _TEMPORARY.fullmatch(path.name)
            if match and (alone or not _written(path, int(match[1]), match[2])):
                _discard(path)


def sync_folder(path: Path) -> None:
    """Make the renames in a folder last; where folders cannot be synced, do nothing."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        patiently(lambda: os.fsync(descriptor))
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    """Make a file or folder that is there last."""
    if path.is_dir():
        sync_folder(path)
        return
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        patiently(lambda: os.fsync(descriptor))
    finally:
        os.close(descriptor)


def open_to_append(path: Path) -> int:
    """Open a file to append to, made if it is not there, and return the descriptor.

    A link is not followed, and a pipe is not waited for. A file with several names (hard links), as
    `cp -al` makes them, is replaced by a copy first: the other names keep what they have.

    Raises
    ------
    OSError
        It cannot be opened, or is no regular file.
    """
    descriptor = os.open(path, _APPEND, 0o666)
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_nlink <= 1:
        return descriptor
    os.close(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
    write_file(path, read_plain(path, error=StorageError))
    return os.open(path, _APPEND, 0o666)


def write_all(descriptor: int, content: bytes) -> None:
    """Write every byte, however many calls that takes."""
    rest = memoryview(content)
    while rest:
        rest = rest[patiently(functools.partial(os.write, descriptor, rest)) :]


def _attempt(path: Path, write: Callable[[], None]) -> None:
    """Try again where the error may pass; each attempt starts with a new temporary file."""
    with writing(path):
        patiently(write)


def _write_file(path: Path, content: bytes) -> None:
    temporary = _temporary(path)
    try:
        with unfinished_files.held(temporary):
            _write_synced(temporary, content)
            temporary.replace(path)
    except BaseException:
        _discard(temporary)
        raise
    sync_folder(path.parent)


def _write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    temporary = _temporary(path)
    try:
        with unfinished_files.held(temporary, folder=True):
            for name, content in files.items():
                _write_synced(temporary / name, content)
            sync_folder(temporary)
            _publish(temporary, path)
    except BaseException:
        _discard(temporary)
        raise


def _publish(temporary: Path, path: Path) -> None:
    """Rename a folder to `path`; what is there gives way only now, and returns on failure."""
    replaced = _temporary(path)
    present = os.path.lexists(path)
    if present:
        path.rename(replaced)
    try:
        temporary.rename(path)
    except BaseException:
        if present:
            replaced.rename(path)
        raise
    sync_folder(path.parent)
    _discard(replaced)


def _write_synced(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _temporary(path: Path) -> Path:
    return path.with_name(f".gankit-{os.getpid()}-{_MARK}-{next(_count)}.tmp")


def _discard(path: Path) -> None:
    """Delete as much as can be; the next sweep tries again."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def _written(path: Path, process: int, mark: str) -> bool:
    """Return whether a process may still write what has a temporary name."""
    locked = unfinished_files.is_held(path)
    return _in_use(process, mark) if locked is None else locked


def _in_use(process: int, mark: str) -> bool:
    """Return whether the writer of a temporary name may be at work, where no lock can tell."""
    if process == os.getpid():
        return mark == _MARK
    if os.name != "posix":  # There, signal 0 would end the process instead of looking for it.
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
