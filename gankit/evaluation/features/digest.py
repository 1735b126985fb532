"""A digest of arrays: the key of cached weights, and a part of the names of features."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.evaluation.chunks import chunks


def digest(version: str, *arrays: NDArray[Any] | None) -> str:
    """Return the SHA-256 of arrays, with their shapes and dtypes, and of a version."""
    found = hashlib.sha256(version.encode())
    for array in arrays:
        if array is None:
            found.update(b"none")
            continue
        found.update(f"{array.dtype.str} {array.shape}".encode())
        for part in chunks(len(array), 4096):
            found.update(np.ascontiguousarray(array[part]).tobytes())
    return found.hexdigest()
