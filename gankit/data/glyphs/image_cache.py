"""The cache of drawn glyphs: 60,000 take seconds to draw, and a tenth of a second to read."""

from __future__ import annotations

import hashlib
import platform
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gankit._utils.storage import read_plain
from gankit.data import locations
from gankit.data.glyphs.handwriting import SIDE
from gankit.data.temporary_files import storing, temporary
from gankit.errors import GankitError

DIGEST_BYTES = 32
"""Bytes of the SHA-256 at the start of a file; the labels follow, then the images, all uint8."""


def read(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]] | None:
    """Return the images and labels of a cached drawing, as `draw` returns them.

    None if they are not cached, or if the file is damaged or cannot be read.
    """
    size = DIGEST_BYTES + count + count * SIDE**2
    try:
        content = read_plain(_path(count, seed), size)
    except (GankitError, OSError, ImportError):
        return None
    if len(content) != size:
        return None
    if hashlib.sha256(memoryview(content)[DIGEST_BYTES:]).digest() != content[:DIGEST_BYTES]:
        return None
    values = np.frombuffer(content, np.uint8, offset=DIGEST_BYTES)
    return values[count:].reshape(count, SIDE, SIDE, 1).copy(), values[:count].astype(np.int64)


def write(count: int, seed: int, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
    """Cache a drawing, and delete those of the same digits by other versions.

    Without a writable cache, do nothing.
    """
    values = labels.astype(np.uint8).tobytes() + images.tobytes()
    # No sync: after a power cut a damaged file is recognized by its digest.
    with suppress(GankitError, OSError, ImportError):
        path = _path(count, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary(path) as part, storing(path):
            part.write_bytes(hashlib.sha256(values).digest() + values)
            part.replace(path)
        for other in path.parent.glob(_name(count, seed, "*")):
            if other != path:
                other.unlink()


def _path(count: int, seed: int) -> Path:
    return locations.cache() / "glyphs" / _name(count, seed, _drawing())


def _name(count: int, seed: int, drawing: str) -> str:
    return f"{count}-of-seed-{seed}-{drawing}.bin"


@cache
def _drawing() -> str:
    """Return a digest of what decides the bytes of the images: NumPy, this code and its strokes."""
    found = hashlib.sha256(f"{platform.machine()}\nnumpy {version('numpy')}\n".encode())
    for kind in ("*.py", "*.png"):
        for file in sorted(Path(__file__).parent.glob(kind)):
            found.update(file.read_bytes())
    return found.hexdigest()[:16]
