"""Files that are written under a name nobody else uses, beside the one that they will have."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from gankit._utils.unfinished_files import held, is_held
from gankit.data.formats.containers import reason
from gankit.errors import StorageError

STALE = 86400.0
"""Seconds after which nobody writes a temporary file, where no lock can tell."""


@contextmanager
def temporary(target: Path) -> Iterator[Path]:
    """Make an empty file beside `target` that nobody else uses; remove what is left of it.

    Its lock is held inside the block, and files beside it that nobody holds are removed first.
    """
    _sweep(target.parent)
    part = target.with_name(f".{secrets.token_hex(8)}.part.{target.name}")
    with ExitStack() as stack:
        with storing(part):
            stack.enter_context(held(part))
        try:
            yield part
        finally:
            with storing(part):
                part.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what killed processes left: parts whose lock nobody holds."""
    for part in folder.glob(".*.part.*"):
        with suppress(OSError):
            if not _written(part):
                part.unlink()


def _written(part: Path) -> bool:
    """Return whether a process may still write a part."""
    locked = is_held(part)
    return time.time() - part.stat().st_mtime < STALE if locked is None else locked


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
