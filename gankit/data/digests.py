"""What tells one set of images from another, wherever it lies: a digest of everything in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._utils.file_array import FileArray
from gankit.data import digest_cache

SAMPLED = 64
"""Images that a quick first look takes."""
LARGE = 2**31
"""Bytes that take some seconds to read."""
PART = 2**24
"""Bytes of images that are in memory at once."""


def digest(images: NDArray[np.uint8], labels: NDArray[np.int64] | None) -> str:
    """Return the SHA-256 of shape, labels and every image, in hexadecimal.

    Parameters
    ----------
    images
        (N, H, W, C) uint8; read some at a time.
    labels
        (N,) int64, or None.
    """
    return _joined(images, labels, everything(images))


def sample(images: NDArray[np.uint8], labels: NDArray[np.int64] | None) -> str:
    """Return the SHA-256 of shape, labels and 64 images spread over the set, in hexadecimal.

    It is quick however large the set is. Sets of other samples are others; sets of the same sample
    may differ.
    """
    spread = np.linspace(0, len(images) - 1, min(len(images), SAMPLED)).astype(np.int64)
    sha = hashlib.sha256(str(images.shape).encode())
    sha.update(np.ascontiguousarray(images[spread]).data)
    sha.update(b"" if labels is None else np.ascontiguousarray(labels).data)
    return sha.hexdigest()


def everything(images: NDArray[np.uint8]) -> str:
    """Return the SHA-256 of the images' bytes, one image after the other, in hexadecimal.

    That of a file is kept, and it is not read again until it has changed.
    """
    if isinstance(images, FileArray) and (known := digest_cache.kept(images)):
        return known
    sha = hashlib.sha256()
    for part in _parts(images):
        sha.update(np.ascontiguousarray(part).data)
    if isinstance(images, FileArray):
        digest_cache.keep(images, sha.hexdigest())
    return sha.hexdigest()


def slow(images: object) -> bool:
    """Tell whether the digest takes so long that a person should be told: a large, unknown file."""
    if not isinstance(images, FileArray) or images.nbytes <= LARGE:
        return False
    return digest_cache.kept(images) is None


def _joined(images: NDArray[Any], labels: NDArray[np.int64] | None, content: str) -> str:
    sha = hashlib.sha256(f"{images.shape} {content} ".encode())
    sha.update(b"" if labels is None else np.ascontiguousarray(labels).data)
    return sha.hexdigest()


def _parts(images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    count = max(1, PART // max(1, images.nbytes // max(1, len(images))))
    return (images[start : start + count] for start in range(0, len(images), count))
