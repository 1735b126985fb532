"""Weights kept in gankit's cache: proved when they are read, and never a reason to fail."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gankit._text import printable
from gankit._utils import atomic_files
from gankit._utils.state import State, check_state
from gankit._utils.storage import read_plain
from gankit.data import locations
from gankit.errors import CheckpointError, StorageError
from gankit.runs import tensors

SUM = "sha256"
"""The name under which a file holds the sum of the others, 32 bytes."""

LIMIT = 2**30
"""The most bytes of a file."""


def path_of(key: str) -> Path:
    """Return where the weights of that key are kept."""
    return locations.cache() / "classifiers" / f"{key}.safetensors"


def read(key: str, shapes: Mapping[str, tuple[int, ...]]) -> State | None:
    """Return the weights of a key, or None if there are none, or none that can be proved.

    Parameters
    ----------
    key
        The sum of what they were made from.
    shapes
        The shape of each, by its name; all are float32.
    """
    path = path_of(key)
    try:
        if not path.exists():
            return None
        return _proved(tensors.decode(read_plain(path, LIMIT)), shapes)
    except (CheckpointError, OSError) as error:
        # Errors of files name them already; those of what is in them do not.
        reason = str(error).removeprefix(f"{path}: ")
        _warn(f"passed over {path}: {reason}; training the classifier again")
        return None


def write(key: str, weights: State) -> None:
    """Keep weights under a key; where that cannot be, warn."""
    path = path_of(key)
    content = tensors.encode({**weights, SUM: sum_of(weights)})
    try:
        atomic_files.make_folder(path.parent)
        atomic_files.sweep(path.parent)
        atomic_files.write_file(path, content)
    except StorageError as error:
        _warn(f"the classifier is not kept, so it will be trained again next time: {error}")


def sum_of(weights: State) -> NDArray[np.uint8]:
    """Return the 32 bytes of SHA-256 of every weight, by name."""
    found = hashlib.sha256()
    for name in sorted(weights):
        found.update(f"{name} {weights[name].shape}\n".encode())
        found.update(weights[name].tobytes())
    return np.frombuffer(found.digest(), np.uint8)


def _proved(found: State, shapes: Mapping[str, tuple[int, ...]]) -> State:
    """Return the weights without their sum; CheckpointError says what is wrong with them."""
    said = found.pop(SUM, None)
    check_state(found, {name: np.empty(shape, np.float32) for name, shape in shapes.items()})
    for name, array in found.items():
        if array.dtype != np.float32:
            raise CheckpointError(f"{name!r} holds {array.dtype}; it must be float32")
    if said is None or said.tobytes() != sum_of(found).tobytes():
        raise CheckpointError("its sum is wrong: it was edited or damaged")
    if trouble := tensors.not_finite(found):
        raise CheckpointError(trouble)
    return found


def _warn(line: str) -> None:
    warnings.warn(printable(line), stacklevel=4)
