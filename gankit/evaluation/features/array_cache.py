"""Caches of float32 arrays; files are verified when read, and a bad one only warns."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gankit._text import printable
from gankit._utils import atomic_files, stack_level
from gankit._utils.state import State, check_state
from gankit._utils.storage import read_plain
from gankit.data import locations
from gankit.errors import CheckpointError, StorageError
from gankit.runs import tensors

CHECKSUM = "sha256"
"""Name of the checksum in a file, 32 bytes."""

LARGEST_FILE = 2**30
"""Bytes; a larger file is not read."""


@dataclass(frozen=True)
class ArrayCache:
    """Files of arrays in a folder of gankit's cache, each under a key.

    Attributes
    ----------
    folder
        Name of the folder.
    again
        What follows if a file is damaged: "training the classifier again".
    unsaved
        What follows if a file cannot be written: "the classifier was not saved".
    """

    folder: str
    again: str
    unsaved: str

    def path_of(self, key: str) -> Path:
        """Return the file of a key."""
        return locations.cache() / self.folder / f"{key}.safetensors"

    def read(self, key: str, shapes: Mapping[str, tuple[int, ...]]) -> State | None:
        """Return the cached arrays of a key, or None if the file is missing or damaged.

        Parameters
        ----------
        key
            The checksum of what the arrays were computed from.
        shapes
            The shape of each array by name; all are float32.
        """
        path = self.path_of(key)
        try:
            if not path.exists():
                return None
            return _verified(tensors.decode(read_plain(path, LARGEST_FILE)), shapes)
        except (CheckpointError, OSError) as error:
            # Errors of files begin with the path; errors of their content do not.
            reason = str(error).removeprefix(f"{path}: ")
            _warn(f"ignored {path}: {reason}; {self.again}")
            return None

    def write(self, key: str, arrays: State) -> None:
        """Write float32 arrays to the cache; warn if that fails."""
        path = self.path_of(key)
        content = tensors.encode({**arrays, CHECKSUM: checksum(arrays)})
        try:
            atomic_files.make_folder(path.parent)
            atomic_files.sweep(path.parent)
            atomic_files.write_file(path, content)
        except StorageError as error:
            _warn(f"{self.unsaved}: {error}")


def checksum(arrays: State) -> NDArray[np.uint8]:
    """Return the SHA-256 of all arrays, in order of their names, as 32 bytes."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        found.update(f"{name} {arrays[name].shape}\n".encode())
        found.update(arrays[name].tobytes())
    return np.frombuffer(found.digest(), np.uint8)


def _verified(found: State, shapes: Mapping[str, tuple[int, ...]]) -> State:
    """Return the arrays without their checksum; raise CheckpointError if one is wrong."""
    recorded = found.pop(CHECKSUM, None)
    check_state(found, {name: np.empty(shape, np.float32) for name, shape in shapes.items()})
    for name, array in found.items():
        if array.dtype != np.float32:
            raise CheckpointError(f"{name!r} holds {array.dtype}; expected float32")
    if recorded is None or recorded.tobytes() != checksum(found).tobytes():
        raise CheckpointError("the checksum does not match: the file was edited or damaged")
    if trouble := tensors.not_finite(found):
        raise CheckpointError(trouble)
    return found


def _warn(line: str) -> None:
    warnings.warn(printable(line), stacklevel=stack_level.of_user())
