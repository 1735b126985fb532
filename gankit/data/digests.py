"""Digests that identify a set of images, independent of where it is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._utils.file_array import FileArray
from gankit.data import digest_cache

SAMPLED_IMAGES = 64
"""Number of images of the quick digest."""
LARGE_BYTES = 2**31
"""Reading a larger file takes some seconds."""
CHUNK_BYTES = 2**24
"""Bytes of images in memory at a time."""


def digest(images: NDArray[np.uint8], labels: NDArray[Any] | None) -> str:
    """Return the SHA-256 of shape, labels and every image, in hexadecimal.

    Parameters
    ----------
    images
        (N, H, W, C) uint8; read in chunks.
    labels
        (N,) int64 or (N, d) float64, or None.
    """
    return _joined(images, labels, everything(images))


def sample(images: NDArray[np.uint8], labels: NDArray[Any] | None) -> str:
    """Return the SHA-256 of shape, labels and 64 images spread over the set, in hexadecimal.

    It is quick for sets of any size. Different digests mean different sets; equal digests do not
    mean equal sets.
    """
    spread = np.linspace(0, len(images) - 1, min(len(images), SAMPLED_IMAGES)).astype(np.int64)
    sha = hashlib.sha256(str(images.shape).encode())
    sha.update(np.ascontiguousarray(images[spread]).data)
    sha.update(b"" if labels is None else np.ascontiguousarray(labels).data)
    return sha.hexdigest()


def everything(images: NDArray[np.uint8]) -> str:
    """Return the SHA-256 of the images' bytes, in hexadecimal.

    A file's digest is cached until the file changes.
    """
    if isinstance(images, FileArray) and (known := digest_cache.cached(images)):
        return known
    sha = hashlib.sha256()
    for part in _parts(images):
        sha.update(np.ascontiguousarray(part).data)
    if isinstance(images, FileArray):
        digest_cache.store(images, sha.hexdigest())
    return sha.hexdigest()


def slow(images: object) -> bool:
    """Return whether the digest takes seconds: a large file without a cached digest."""
    if not isinstance(images, FileArray) or images.nbytes <= LARGE_BYTES:
        return False
    return digest_cache.cached(images) is None


def _joined(images: NDArray[Any], labels: NDArray[Any] | None, content: str) -> str:
    sha = hashlib.sha256(f"{images.shape} {content} ".encode())
    sha.update(b"" if labels is None else np.ascontiguousarray(labels).data)
    return sha.hexdigest()


def _parts(images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    count = max(1, CHUNK_BYTES // max(1, images.nbytes // max(1, len(images))))
    return (images[start : start + count] for start in range(0, len(images), count))


def joined(first: str, second: str) -> str:
    """Return the digest of two digests, in their order."""
    return hashlib.sha256(f"{first} {second}".encode()).hexdigest()
