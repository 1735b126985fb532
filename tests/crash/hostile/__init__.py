"""Files made by an enemy: what each is, what reads it, and how that must end."""

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
        The error that reading ends with, or None where the file is passed over: reading then
        returns None or something empty.
    """

    name: str
    make: Callable[[Path], Path]
    read: Callable[[Path], object]
    ends: str | None


FILES: list[Hostile] = []


def hostile(read, ends):
    """Register what a function makes as a hostile file."""

    def keep(make):
        FILES.append(Hostile(make.__name__.replace("_", " "), make, read, ends))
        return make

    return keep


class Harmful:
    """What imports the canary when it is unpickled."""

    def __reduce__(self):
        return exec, (f"import {CANARY}",)


def a_pickle():
    return pickle.dumps(Harmful())


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def sparse(path, start=b"", size=HUGE):
    """Make a file that says it is huge, and takes no room."""
    write(path, start)
    os.truncate(path, size)
    return path


def pipe(path):
    """Make a pipe that nobody will ever write to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    return path


def endless(path):
    """Make a name for the device that gives zeros without end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("/dev/zero")
    return path
