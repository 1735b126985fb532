"""Write files and folders atomically: complete or not at all, even if the machine stops.

The order is always the same: write under a temporary name beside the target, sync, publish by one
rename, and sync the parent folder so that the rename persists.
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
from gankit._utils.system import PLAIN_FILE, may_run, open_folder
from gankit.errors import StorageError

_TEMPORARY = re.compile(r"\.gankit-([0-9]{1,9})-([0-9a-f]{8})-[0-9]+\.tmp")
# Process numbers repeat in containers; the mark distinguishes processes.
_MARK = secrets.token_hex(4)
_count = itertools.count()
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | PLAIN_FILE
SWEEP_BYTES = 2**20
"""Before writing a larger file, unfinished files of killed processes beside it are deleted."""


def write_file(path: Path, content: bytes) -> None:
    """Write `content` to `path`, replacing an existing file; a partial file is never visible.

    Raises
    ------
    StorageError
        The file could not be written; `path` is unchanged.
    """
    if len(content) > SWEEP_BYTES:
        with suppress(StorageError):
            sweep(path.parent)
    _attempt(path, lambda: _write_file(path, content))


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of files, in the given order, replacing what is at `path`.

    Parameters
    ----------
    path
        The folder; its parent must exist.
    files
        Content by file name. List the file that marks the folder as complete last.

    Raises
    ------
    StorageError
        The folder could not be written; `path` is unchanged.
    """
    _attempt(path, lambda: _write_folder(path, files))


def make_folder(path: Path) -> None:
    """Create a folder and its parents, and sync them; StorageError on failure.

    The folder of a run that this process has locked is never recreated.
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
    """Create a folder; return False if something of that name exists already."""
    make_folder(path.parent)
    with writing(path):
        try:
            path.mkdir()
        except FileExistsError:
            return False
    return True


@contextmanager
def workplace(path: Path) -> Iterator[Path]:
    """Yield a new folder beside `path`, for content that `publish` then moves to `path`.

    The folder is removed at the end with its content. Unfinished files of killed processes beside
    it are deleted first. StorageError if it cannot be created.
    """
    with suppress(StorageError):
        sweep(path.parent)
    temporary = _temporary(path)
    with ExitStack() as stack:
        with writing(path):
            patiently(
                lambda: stack.enter_context(unfinished_files.created_locked(temporary, folder=True))
            )
        try:
            yield temporary
        finally:
            _discard(temporary)


def publish(made: Path, path: Path) -> None:
    """Sync a file or folder that was written in a `workplace`, and move it to `path`.

    Raises
    ------
    StorageError
        The content could not be moved; `path` is unchanged.
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
    """Remove a file or folder: first rename it to a hidden name, then delete it."""
    with writing(path):
        hidden = _temporary(path)
        patiently(lambda: path.rename(hidden))
        sync_folder(path.parent)
        _discard(hidden)


def sweep(folder: Path, *, alone: bool = False) -> None:
    """Delete unfinished files of killed processes in `folder`.

    With `alone`, no other process can be writing there because the caller holds the run's lock, and
    all unfinished files are deleted; otherwise only those whose lock no process holds.
    """
    with writing(folder):
        for path in list(folder.iterdir()) if folder.is_dir() else ():
            match = _TEMPORARY.fullmatch(path.name)
            if match and (alone or not _written(path, int(match[1]), match[2])):
                _discard(path)


def sync_folder(path: Path) -> None:
    """Sync the renames in a folder to disk; do nothing if the system cannot sync folders."""
    descriptor = open_folder(path)
    if descriptor is None:
        return
    try:
        patiently(lambda: os.fsync(descriptor))
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    """Sync a file or folder to disk."""
    if path.is_dir():
        sync_folder(path)
        return
    descriptor = os.open(path, os.O_RDWR)
    try:
        patiently(lambda: os.fsync(descriptor))
    finally:
        os.close(descriptor)


def open_to_append(path: Path) -> int:
    """Open a file to append to, creating it if needed, and return the descriptor.

    Symbolic links and pipes are refused. A file with several hard links, as `cp -al` creates them,
    is first replaced by a copy, so that the other names stay unchanged.

    Raises
    ------
    OSError
        The file cannot be opened, or is not a regular file.
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
    """Write every byte, with as many calls as needed."""
    rest = memoryview(content)
    while rest:
        rest = rest[patiently(functools.partial(os.write, descriptor, rest)) :]


def _attempt(path: Path, write: Callable[[], None]) -> None:
    """Retry errors that may be transient; each attempt uses a new temporary file."""
    with writing(path):
        patiently(write)


def _write_file(path: Path, content: bytes) -> None:
    temporary = _temporary(path)
    try:
        with unfinished_files.created_locked(temporary):
            _write_synced(temporary, content)
            temporary.replace(path)
    except BaseException:
        _discard(temporary)
        raise
    sync_folder(path.parent)


def _write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    temporary = _temporary(path)
    try:
        with unfinished_files.created_locked(temporary, folder=True):
            for name, content in files.items():
                _write_synced(temporary / name, content)
            sync_folder(temporary)
            _publish(temporary, path)
    except BaseException:
        _discard(temporary)
        raise


def _publish(temporary: Path, path: Path) -> None:
    """Rename a folder to `path`; an existing folder is moved away first, and back on failure."""
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
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | PLAIN_FILE, 0o666)
    try:
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _temporary(path: Path) -> Path:
    return path.with_name(f".gankit-{os.getpid()}-{_MARK}-{next(_count)}.tmp")


def _discard(path: Path) -> None:
    """Delete as much as possible; the next sweep retries."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def _written(path: Path, process: int, mark: str) -> bool:
    """Return whether a process may still be writing under a temporary name."""
    locked = unfinished_files.is_locked(path)
    return _in_use(process, mark) if locked is None else locked


def _in_use(process: int, mark: str) -> bool:
    """Return whether the writer of a temporary name may be running, if no lock shows it."""
    if process == os.getpid():
        return mark == _MARK
    return may_run(process)
