"""Hostile files: how each is made, what reads it, and the expected error."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CANARY = "gankit_canary"
"""A module that lies ready to be imported, and leaves a mark if it is."""
HUGE = 2**40
"""Bytes of a file that has no contents, only a length."""
DEEP = 20_000


@dataclass(frozen=True)
class Hostile:
    """A hostile file.

    Attributes
    ----------
    name
        What it is.
    make
        Makes it in an empty folder, and returns its path.
    read
        What gankit reads it with.
    ends
        The error of reading, or None if the file is ignored: reading then
        returns None or something empty.
    """

    name: str
    make: Callable[[Path], Path]
    read: Callable[[Path], object]
    ends: str | None


FILES: list[Hostile] = []


def hostile(read, ends):
    """Register the file that a function makes as hostile."""

    def keep(make):
        FILES.append(Hostile(make.__name__.replace("_", " "), make, read, ends))
        return make

    return keep


class Harmful:
    """An object that imports the canary module when it is unpickled."""

    def __reduce__(self):
        return exec, (f"import {CANARY}",)


def a_pickle():
    return pickle.dumps(Harmful())


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def sparse(path, start=b"", size=HUGE):
    """Make a sparse file of a huge size."""
    write(path, start)
    os.truncate(path, size)
    return path


def pipe(path):
    """Make a pipe that has no writer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    return path


def endless(path):
    """Make a link to the device of endless zeros."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("/dev/zero")
    return path
