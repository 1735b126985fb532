"""Draw glyphs: generated digits that look handwritten."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gankit.data.glyphs.handwriting import SIDE, written
from gankit.data.glyphs.strokes import Strokes, font_strokes

COUNT = 60000
"""Number of training images, as in MNIST."""

HELD_OUT = 10000
"""Number of held-out images, as in MNIST."""

BATCH = 500
"""Images drawn at a time, which fit into the processor's cache."""


def draw(count: int = COUNT, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw digits from the strokes of ten fonts, each with random variation.

    Equal arguments give equal bytes, with the same version of numpy on the same kind of processor.

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
    labels = shuffled_digits(rng, count)
    return images_of(rng, labels), labels


def shuffled_digits(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Return `count` digits in random order, with counts that differ by at most one."""
    return rng.permutation(np.arange(count, dtype=np.int64) % 10)


def images_of(
    rng: np.random.Generator, digits: NDArray[np.int64], *given: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Draw the images of digits.

    Parameters
    ----------
    rng
        Draws what is not given.
    digits
        (count,) int64, 0 to 9.
    given
        The turns and the pens of `written`, (count,) each; drawn by default.

    Returns
    -------
    images
        (count, 28, 28, 1) uint8, as of `draw`.
    """
    images = np.empty((len(digits), SIDE, SIDE, 1), np.uint8)
    for start in range(0, len(digits), BATCH):
        part = slice(start, start + BATCH)
        chosen = chosen_strokes(rng, font_strokes(), digits[part])
        ink = written(rng, font_strokes(), chosen, *(each[part] for each in given))
        images[part, ..., 0] = np.rint(ink * 255)
    return images


def chosen_strokes(
    rng: np.random.Generator, strokes: Strokes, labels: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the index of a random stroke of each label."""
    grouped = np.argsort(strokes.digits, kind="stable")
    counts = np.bincount(strokes.digits, minlength=10)
    first = np.cumsum(counts) - counts
    return np.take(grouped, first[labels] + rng.integers(counts[labels]))
