"""Files that are written under a name nobody else uses, beside the one that they will have."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from gankit.data.containers import reason
from gankit.errors import StorageError

STALE = 86400.0
"""Seconds after which a temporary file can belong to no running process."""


@contextmanager
def temporary(target: Path) -> Iterator[Path]:
    """Name a file beside `target` that nobody else uses, and remove what is left of it."""
    _sweep(target.parent)
    part = target.with_name(f".{secrets.token_hex(8)}.part.{target.name}")
    try:
        yield part
    finally:
        with storing(part):
            part.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what killed processes left: parts that nobody has written to for a day."""
    for part in folder.glob(".*.part.*"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > STALE:
                part.unlink()


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn an operating system's error into a StorageError that names `path`."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write {path}: {reason(error)}") from error


def settle(file: IO[bytes]) -> None:
    """Make what was written last, whatever happens to the machine."""
    file.flush()
    os.fsync(file.fileno())
