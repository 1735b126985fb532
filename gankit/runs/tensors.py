"""A state as safetensors files: one per network, one for the optimizers, one for the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from gankit._utils.state import State
from gankit.errors import CheckpointError

DTYPES = frozenset(
    {
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
    }
)
_SINGLE = "trainer"
_HEAD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def split(state: Mapping[str, NDArray[Any]]) -> dict[str, State]:
    """Return the arrays of each file; the first part of an array's name is the file's name.

    >>> files = split({"generator/0.bias": np.zeros(2), "step": np.zeros((), np.int64)})
    >>> {file: list(arrays) for file, arrays in files.items()}
    {'generator.safetensors': ['generator/0.bias'], 'trainer.safetensors': ['step']}
    """
    files: dict[str, State] = {}
    for name in sorted(state):
        head = name.split("/", 1)[0] if "/" in name else _SINGLE
        if not _HEAD.fullmatch(head):
            raise CheckpointError(
                f"{name!r} cannot be saved; the first part of a name has letters, digits, - and _"
            )
        files.setdefault(f"{head}.safetensors", {})[name] = _plain(name, state[name])
    return files


def encode(arrays: State) -> bytes:
    """Return a safetensors file's bytes."""
    return save({name: _plain(name, array) for name, array in arrays.items()})


def encode_with_facts(arrays: State, facts: Mapping[str, Any]) -> bytes:
    """Return a safetensors file's bytes, with facts as JSON in its metadata."""
    plain = {name: _plain(name, array) for name, array in arrays.items()}
    return save(plain, {key: json.dumps(fact) for key, fact in facts.items()})


def read_facts(content: bytes) -> dict[str, Any]:
    """Return the facts of a file of `encode_with_facts`.

    Raises
    ------
    KeyError, TypeError, ValueError
        The file has no such facts.
    """
    length = int.from_bytes(content[:8], "little")
    found: dict[str, str] = json.loads(content[8 : 8 + length])["__metadata__"]
    return {key: json.loads(value) for key, value in found.items()}


def decode(content: bytes) -> State:
    """Return a safetensors file's arrays; CheckpointError if it is invalid."""
    try:
        return dict(load(content))
    except (SafetensorError, ValueError, KeyError, TypeError, OverflowError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"it is not a safetensors file: {reason.lower()}") from error


def not_finite(arrays: Mapping[str, NDArray[Any]]) -> str | None:
    """Return a text with the name and value of the first NaN or infinity, or None."""
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return f"{name!r} holds {array[~np.isfinite(array)].flat[0]}"
    return None


def _plain(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Return the array in the memory order and byte order of the file format.

    safetensors 0.8 writes raw memory: an array in Fortran order would be read as other numbers,
    without an error. `np.ascontiguousarray` would make a 0-d array 1-d.
    """
    if array.dtype.name not in DTYPES:
        raise CheckpointError(f"{name!r} has type {array.dtype}; expected plain numbers")
    return np.asarray(array, array.dtype.newbyteorder("="), order="C")
