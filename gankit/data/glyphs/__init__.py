"""Glyphs: digits that look handwritten, made on the spot and in need of no download."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gankit.data.dataset import Dataset, ImageSet
from gankit.data.glyphs.handwriting import SIDE, Strokes, strokes, written

COUNT = 60000
"""Images in the data set, as many as MNIST has."""

HELD_OUT = 10000
"""Images held out of it, as many as MNIST has."""

BATCH = 500
"""Images written at once: few enough for their numbers to stay in the processor's cache."""


def draw(count: int = COUNT, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw digits in strokes taken from matplotlib's fonts, each written a little differently.

    Equal arguments give equal bytes, with the same versions of numpy, pillow and matplotlib.

    Parameters
    ----------
    count
        How many to draw, at least 0.
    seed
        Which to draw, at least 0.

    Returns
    -------
    images
        (count, 28, 28, 1) uint8, 0 for the black ground to 255 for the white stroke.
    labels
        (count,) int64, 0 to 9 in random order, each as often as the others or once more.
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
    """Choose for each label one of the strokes that show it."""
    grouped = np.argsort(strokes.digits, kind="stable")
    counts = np.bincount(strokes.digits, minlength=10)
    first = np.cumsum(counts) - counts
    return np.take(grouped, first[labels] + rng.integers(counts[labels]))


@cache
def _strokes() -> Strokes:
    return strokes()


@cache
def _drawn(count: int, seed: int) -> ImageSet:
    source = f"glyphs, {count:,} drawn by gankit with seed {seed}"
    return ImageSet(*draw(count, seed), source)


def load(_: Path | None) -> ImageSet:
    """Return the 60,000 glyphs of seed 0, drawn once in a process; there is no folder to read."""
    return _drawn(COUNT, 0)


def held_out(_: Path | None) -> ImageSet:
    """Return 10,000 other glyphs, those of seed 1, drawn once in a process."""
    return _drawn(HELD_OUT, 1)


DATASET = Dataset(
    name="glyphs",
    summary="digits drawn from fonts by an unsteady hand, 28x28, 60,000 images, no download",
    load=load,
    test=held_out,
)
