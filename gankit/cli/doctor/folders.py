"""Reports about the folders that gankit writes to: size, free space, and write access."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gankit._text import plain
from gankit._utils.paths import is_file, is_folder
from gankit._utils.storage import megabytes
from gankit.cli.doctor.finding import Finding
from gankit.data import locations
from gankit.errors import ExitCode, GankitError

LEAST_FREE_BYTES = 10**9
"""With less free space, a download or a checkpoint may not fit."""

MOST_ADDING_SECONDS = 3.0
"""The most seconds for adding up the size of one folder."""
_UNFINISHED = re.compile(r"\.gankit-.+\.tmp|\.[0-9a-f]{16}\.part\..+")


@dataclass(frozen=True)
class Folder:
    """A report about a folder.

    Attributes
    ----------
    role
        "cache", "working folder" or "runs".
    path
        Its path, or where it would be created.
    exists
        Whether it exists.
    trouble
        Why it cannot be written or created, or None.
    bytes
        Size of all files in it; None if not added up.
    complete
        Whether all files were added up within the time limit.
    free_bytes
        Free space; None if the system does not report it.
    unfinished
        Temporary files of interrupted or running writes; gankit removes them.
    runs
        Number of run folders directly in it.
    """

    role: str
    path: str
    exists: bool
    trouble: str | None
    bytes: int | None
    complete: bool
    free_bytes: int | None
    unfinished: int
    runs: int


def folders() -> list[Folder]:
    """Return gankit's cache, the working folder and, if it exists, its folder `runs`."""
    found = list[Folder]()
    with suppress(GankitError):  # A wrong GANKIT_HOME is a finding of the variables.
        found.append(folder("cache", locations.cache()))
    with suppress(FileNotFoundError):  # The working folder may have been removed.
        here = Path.cwd()
        found.append(folder("working folder", here, add_up=False))
        found += [folder("runs", here / "runs")] if is_folder(here / "runs") else []
    return found


def folder(role: str, path: Path, *, add_up: bool = True) -> Folder:
    """Return a report about a folder, without changing it."""
    existing = _existing(path)
    size, unfinished, complete = _added_up(path) if add_up else (None, 0, True)
    free = None
    with suppress(OSError):
        free = shutil.disk_usage(existing).free
    return Folder(
        role=role,
        path=str(path),
        exists=is_folder(path),
        trouble=trouble(existing),
        bytes=size,
        complete=complete,
        free_bytes=free,
        unfinished=unfinished,
        runs=sum(is_file(inner / "config.toml") for inner in _inside(path)),
    )


def trouble(path: Path) -> str | None:
    """Try to write a file in a folder; return why it cannot be written, or None."""
    try:
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"gankit")
    except OSError as error:
        return f"{error.strerror or error}".lower()
    return None


def findings(found: list[Folder]) -> list[Finding]:
    """Return the problems of the folders."""
    wrong = []
    for one in found:
        if one.role == "cache" and one.trouble:
            problem = f"{one.path} cannot be written: {one.trouble}"
            remedy = "make it writable, or set GANKIT_HOME to a folder that is"
            wrong.append(Finding("cache", problem, remedy, ExitCode.STORAGE))
        if one.role != "runs" and one.free_bytes is not None and one.free_bytes < LEAST_FREE_BYTES:
            problem = f"only {megabytes(one.free_bytes)} free at {one.path}"
            elsewhere = "set GANKIT_HOME" if one.role == "cache" else "write runs elsewhere (--out)"
            remedy = f"free some space, or {elsewhere}"
            wrong.append(Finding(one.role, plain(problem), remedy, ExitCode.STORAGE))
    return wrong


def _existing(path: Path) -> Path:
    """Return the folder itself, or its nearest parent that exists."""
    return next((p for p in (path, *path.absolute().parents) if os.path.lexists(p)), Path())


def _added_up(path: Path) -> tuple[int, int, bool]:
    """Return the bytes and the unfinished files below a folder, and whether all were counted."""
    size = unfinished = 0
    until = time.monotonic() + MOST_ADDING_SECONDS
    for entry in _below(path):
        unfinished += bool(_UNFINISHED.fullmatch(entry.name))
        with suppress(OSError):
            size += entry.stat(follow_symlinks=False).st_size
        if time.monotonic() > until:
            return size, unfinished, False
    return size, unfinished, True


def _below(path: Path) -> Iterator[os.DirEntry[str]]:
    """Yield every file and folder below a path, without following links."""
    waiting = [str(path)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    yield entry
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            continue


def _inside(path: Path) -> list[Path]:
    try:
        return list(path.iterdir())
    except OSError:
        return []
