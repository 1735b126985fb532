"""Glyphs: generated digits that look handwritten, without a download."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gankit.data.dataset import Dataset, ImageSet
from gankit.data.glyphs import image_cache
from gankit.data.glyphs.handwriting import SIDE, Strokes, strokes, written

COUNT = 60000
"""Number of training images, as in MNIST."""

HELD_OUT = 10000
"""Number of held-out images, as in MNIST."""

BATCH = 500
"""Images drawn at a time, which fit into the processor's cache."""


def draw(count: int = COUNT, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw digits from the strokes of matplotlib's fonts, each with random variation.

    Equal arguments give equal bytes, with the same versions of numpy, pillow and matplotlib.

    Parameters
    ----------
    count
        Number of digits, at least 0.
    seed
        Random seed, at least 0.

    Returns
    -------
    images
        (count, 28, 28, 1) uint8, from 0, the black background, to 255, the white stroke.
    labels
        (count,) int64, 0 to 9 in random order, with counts that differ by at most one.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    labels = rng.permutation(np.arange(count, dtype=np.int64) % 10)
    images = np.empty((count, SIDE, SIDE, 1), np.uint8)
    for start in range(0, count, BATCH):
        chosen = _chosen(rng, _strokes(), labels[start : start + BATCH])
        ink = written(rng, _strokes(), chosen)
        images[start : start + BATCH, ..., 0] = np.rint(ink * 255)
    return images, labels


def _chosen(
    rng: np.random.Generator, strokes: Strokes, labels: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the index of a random stroke of each label."""
    grouped = np.argsort(strokes.digits, kind="stable")
    counts = np.bincount(strokes.digits, minlength=10)
    first = np.cumsum(counts) - counts
    return np.take(grouped, first[labels] + rng.integers(counts[labels]))


@cache
def _strokes() -> Strokes:
    return strokes()


@cache
def _drawn(count: int, seed: int) -> ImageSet:
    found = image_cache.read(count, seed)
    if found is None:
        found = draw(count, seed)
        image_cache.write(count, seed, *found)
    return ImageSet(*found, f"glyphs, {count:,} drawn by gankit with seed {seed}")


def load(_: Path | None) -> ImageSet:
    """Return the 60,000 glyphs of seed 0, cached in the process and in a file.

    The argument is ignored. The file is in gankit's cache, and is verified when it is read.
    """
    return _drawn(COUNT, 0)


def held_out(_: Path | None) -> ImageSet:
    """Return 10,000 other glyphs, those of seed 1, cached as those of `load`."""
    return _drawn(HELD_OUT, 1)


DATASET = Dataset(
    name="glyphs",
    summary="generated digits that look handwritten, 28x28, 60,000 images, no download",
    load=load,
    test=held_out,
    shape=(SIDE, SIDE, 1),
)
