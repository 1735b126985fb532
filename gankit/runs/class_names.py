"""The names of a run's classes: a list of strings in JSON, for the classes 0, 1, ...

["cats", "dogs"]
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from gankit._utils import atomic_files
from gankit._utils.storage import read_plain
from gankit.errors import CheckpointError

MOST_BYTES = 2**22
"""The most bytes of the file."""


def read(path: Path) -> tuple[str, ...]:
    """Return the names; empty if the file is missing or damaged, because a run works without."""
    try:
        names = json.loads(read_plain(path, MOST_BYTES))
    except (CheckpointError, ValueError, RecursionError):
        return ()
    plain = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names) if plain else ()


def write(path: Path, names: Sequence[str]) -> None:
    """Write the names atomically, if there are any and the file differs.

    A byte of a name that is not UTF-8 is stored as a JSON escape, so that it can be read again.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    if names and tuple(names) != read(path):
        text = json.dumps(list(names), ensure_ascii=False) + "\n"
        atomic_files.write_file(path, text.encode("utf-8", "backslashreplace"))
