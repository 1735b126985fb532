"""Read files safely, and describe failed reads and writes in one line."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from gankit._utils import locked_folders
from gankit._utils.paths import is_folder
from gankit._utils.system import PLAIN_FILE
from gankit.errors import CheckpointError, GankitError, StorageError

Done = TypeVar("Done")
TRANSIENT = frozenset({errno.EAGAIN, errno.EBUSY, errno.ESTALE, errno.ETIMEDOUT})
"""Errors that may be transient, for example from a busy server."""
NO_DAMAGE = TRANSIENT | {errno.EMFILE, errno.ENFILE}
"""Errors of reading that do not mean that the file is damaged: also too many open files."""
PAUSES = (0.05, 0.2)
"""Seconds before the second and the third attempt."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would exceed the size limit of this system",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EEXIST: "a file of that name exists",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.ENOENT: "a part of the path does not exist, or was removed meanwhile",
    errno.EIO: "the disk reports an input or output error",
    errno.ELOOP: "it is a symbolic link",
    errno.ENXIO: "it is a pipe or a device, not a file",
}


def patiently(do: Callable[[], Done]) -> Done:
    """Call `do`, and retry transient errors twice, with growing pauses."""
    for pause in PAUSES:
        try:
            return do()
        except OSError as error:
            if error.errno not in TRANSIENT:
                raise
            time.sleep(pause)
    return do()


def storage_error(path: Path, error: OSError) -> StorageError:
    """Return the StorageError with the reason why `path` could not be written."""
    code = error.errno or 0
    reason = _REASONS.get(code) or (error.strerror or str(error) or "unknown reason").lower()
    if code in _FULL:
        reason += f" ({_free(path)} free there); free some space, or name another folder"
    elif code in (errno.EROFS, errno.EACCES, errno.EPERM):
        reason += "; choose a folder with write access"
    return StorageError(f"cannot write {path}: {reason}")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError inside the block into the StorageError that names `path`.

    If `path` is in a locked run folder that was moved or removed, raise `locked_folders.Lost`.
    """
    locked_folders.require(path)
    try:
        yield
    except GankitError:
        raise
    except OSError as error:
        locked_folders.require(path)  # A moved folder is the actual reason.
        raise storage_error(path, error) from error


def require_space(path: Path, needed: int) -> None:
    """Raise StorageError unless `needed` bytes are free on the disk of `path`."""
    with writing(path):
        free = shutil.disk_usage(_existing(path)).free
    if free < needed:
        raise StorageError(
            f"{path} needs about {megabytes(needed)}, but {megabytes(free)} are free there; "
            "free some space, keep fewer checkpoints, or name another folder"
        )


def require_folder(path: Path) -> None:
    """Raise StorageError unless `path` is or can become a folder to write in; creates nothing."""
    with writing(path):
        nearest = next(each for each in (path, *path.absolute().parents) if os.path.lexists(each))
        if not nearest.is_dir():
            raise FileExistsError(errno.EEXIST, "")
        if not os.access(nearest, os.W_OK):
            raise PermissionError(errno.EACCES, "")


def read_plain(
    path: Path, limit: int | None = None, error: type[GankitError] = CheckpointError
) -> bytes:
    """Return the bytes of a regular file, without following links or waiting for pipes.

    Parameters
    ----------
    path
        The file; its last part must not be a symbolic link.
    limit
        The most bytes that it may have.
    error
        Type of the error for a file that cannot be read or is not a regular file.
    """
    try:
        return patiently(lambda: _read_plain(path, limit, error))
    except FileNotFoundError:
        raise error(f"{path} is missing") from None
    except MemoryError:
        raise error(f"{path} is larger than this machine's memory") from None
    except OSError as failure:
        if isinstance(failure, GankitError):
            raise
        reason = "it is a symbolic link" if failure.errno == errno.ELOOP else failure.strerror
        # After such an error the caller must not use an older file instead.
        kind = StorageError if failure.errno in NO_DAMAGE else error
        raise kind(f"cannot read {path}: {str(reason).lower()}") from failure


def _read_plain(path: Path, limit: int | None, error: type[GankitError]) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | PLAIN_FILE), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise error(f"{path} is not a regular file")
        if limit is not None and status.st_size > limit:
            raise error(f"{path}: got {status.st_size} bytes; expected at most {limit}")
        return file.read() if limit is None else file.read(limit)


def bytes_below(path: Path) -> int:
    """Return the bytes of all files below a folder, or of a file, without following links.

    Files that vanish meanwhile do not count.
    """
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            with suppress(OSError):
                total += (Path(folder) / name).lstat().st_size
    if not is_folder(path) or path.is_symlink():
        with suppress(OSError):
            return path.lstat().st_size
    return total


def megabytes(count: int) -> str:
    """Return a number of bytes as text.

    >>> megabytes(36_400_000)
    '36.4 MB'
    """
    return f"{count / 1e6:.1f} MB"


def _free(path: Path) -> str:
    try:
        return megabytes(shutil.disk_usage(_existing(path)).free)
    except OSError:
        return "an unknown amount"


def _existing(path: Path) -> Path:
    """Return the nearest folder that exists: `path`, or a parent of it."""
    real = path.resolve()
    return next((folder for folder in (real, *real.parents) if folder.is_dir()), Path())
