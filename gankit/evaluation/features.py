"""The protocols of features: the numbers that metrics compare instead of pixels."""

from __future__ import annotations

import hashlib
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gankit.evaluation.pixels import Real, chunks


class Features(Protocol):
    """A function from images to a few numbers each that describe their content.

    Attributes
    ----------
    name
        A short description; compare metrics only if their names are equal.
    """

    @property
    def name(self) -> str:
        """A short description."""
        ...

    def __call__(self, images: NDArray[Any], /) -> Real:
        """Return `(n, d)` float64 for `(n, H, W, C)` images, uint8 or real in [-1, 1]."""
        ...


@runtime_checkable
class ClassFeatures(Features, Protocol):
    """Features of a network that also classifies images."""

    def probabilities(self, images: NDArray[Any], /) -> Real:
        """Return `(n, classes)` float64 probabilities; each row sums to 1."""
        ...


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
