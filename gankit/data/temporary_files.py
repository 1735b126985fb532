"""Temporary files beside their target, under unique names."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from gankit._utils.unfinished_files import created_locked, is_locked
from gankit.errors import StorageError, reason

STALE_SECONDS = 86400.0
"""Without file locks, only temporary files older than this are removed."""


@contextmanager
def temporary(target: Path) -> Iterator[Path]:
    """Create an empty file beside `target` under a unique name, and remove it after the block.

    Its lock is held inside the block. Unlocked temporary files beside it are removed first. Errors
    name `target`.
    """
    _sweep(target.parent)
    part = target.with_name(f".{secrets.token_hex(8)}.part.{target.name}")
    with ExitStack() as stack:
        with storing(target):
            stack.enter_context(created_locked(part))
        try:
            yield part
        finally:
            with storing(target):
                part.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove the unlocked temporary files of killed processes."""
    for part in folder.glob(".*.part.*"):
        with suppress(OSError):
            if not _written(part):
                part.unlink()


def _written(part: Path) -> bool:
    """Return whether a process may still be writing a file."""
    locked = is_locked(part)
    return time.time() - part.stat().st_mtime < STALE_SECONDS if locked is None else locked


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn an OSError into a StorageError that names `path`."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write {path}: {reason(error)}") from error


def sync(file: IO[bytes]) -> None:
    """Sync a file to disk."""
    file.flush()
    os.fsync(file.fileno())
