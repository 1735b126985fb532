"""Generate a data set of filled discs, squares and triangles, without files or downloads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gankit import hookimpl
from gankit.data import Dataset, ImageSet

NAMES = ("disc", "square", "triangle")
SIDE = 28


@hookimpl
def gankit_datasets() -> list[Dataset]:
    """Return the data set `shapes`."""
    return [Dataset("shapes", "discs, squares and triangles, 28x28", load, test=held_out)]


def load(_data_dir: Path | None) -> ImageSet:
    """Return the 6,000 training images, which have seed 0; the argument is ignored."""
    return draw(6000, seed=0)


def held_out(_data_dir: Path | None) -> ImageSet:
    """Return 1,000 other images, which have seed 1."""
    return draw(1000, seed=1)


def draw(count: int, seed: int) -> ImageSet:
    """Draw white shapes on black, equally many of each kind; equal seeds give equal bytes.

    Returns
    -------
    ImageSet
        `(count, 28, 28, 1)` uint8, 0 to 255, and `(count,)` int64 labels: indices into `NAMES`.
    """
    random = np.random.Generator(np.random.Philox(seed))
    labels = random.permutation(np.arange(count, dtype=np.int64) % len(NAMES))
    radius = random.uniform(5, 9, (count, 1, 1)).astype(np.float32)
    centre = random.uniform(11, 17, (2, count, 1, 1)).astype(np.float32)
    y, x = np.arange(SIDE)[:, None] + 0.5 - centre[0], np.arange(SIDE) + 0.5 - centre[1]
    inside = np.choose(labels[:, None, None], depths(x, y, radius))
    ink = np.clip(inside + 0.5, 0, 1)  # Edges are one pixel wide.
    images = np.rint(255 * ink).astype(np.uint8)[..., None]
    return ImageSet(images, labels, f"shapes, {count:,} drawn with seed {seed}", NAMES)


def depths(x: np.ndarray, y: np.ndarray, radius: np.ndarray) -> list[np.ndarray]:
    """Return the distance of each point from the edge of each of `NAMES`; negative if outside."""
    sloping = np.abs(x) * np.float32(0.75**0.5) - y / 2  # Two sides of an upright triangle.
    return [
        radius - np.hypot(x, y),
        0.8 * radius - np.maximum(np.abs(x), np.abs(y)),
        radius / 2 - np.maximum(sloping, y),
    ]
