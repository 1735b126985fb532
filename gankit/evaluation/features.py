"""What every metric looks at instead of pixels, and what names it."""

from __future__ import annotations

import hashlib
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gankit.evaluation.pixels import Real, chunks


class Features(Protocol):
    """A few numbers that say what is in an image.

    Attributes
    ----------
    name
        What they are, in a few words: figures compare only where the name is the same.
    """

    @property
    def name(self) -> str:
        """What they are, in a few words."""
        ...

    def __call__(self, images: NDArray[Any], /) -> Real:
        """Return `(n, d)` float64 for `(n, H, W, C)` images, uint8 or real in [-1, 1]."""
        ...


@runtime_checkable
class ClassFeatures(Features, Protocol):
    """Features of a network that also tells classes apart."""

    def probabilities(self, images: NDArray[Any], /) -> Real:
        """Return `(n, classes)` float64 chances, each row's sum 1."""
        ...


def digest(version: str, *arrays: NDArray[Any] | None) -> str:
    """Return the SHA-256 of arrays, their shapes and kinds, and of what they are used for."""
    found = hashlib.sha256(version.encode())
    for array in arrays:
        if array is None:
            found.update(b"none")
            continue
        found.update(f"{array.dtype.str} {array.shape}".encode())
        for part in chunks(len(array), 4096):
            found.update(np.ascontiguousarray(array[part]).tobytes())
    return found.hexdigest()
