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

LIMIT = 2**22
"""The most bytes of the file."""


def read(path: Path) -> tuple[str, ...]:
    """Return the names; none if there is no file, or if it is damaged: a run does without."""
    try:
        names = json.loads(read_plain(path, LIMIT))
    except (CheckpointError, ValueError, RecursionError):
        return ()
    plain = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names) if plain else ()


def write(path: Path, names: Sequence[str]) -> None:
    """Write the names, whole or not at all, if there are any and the file has others.

    A byte of a name that is no text becomes an escape of JSON, so that it is read back as it was.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    if names and tuple(names) != read(path):
        said = json.dumps(list(names), ensure_ascii=False) + "\n"
        atomic_files.write_file(path, said.encode("utf-8", "backslashreplace"))
