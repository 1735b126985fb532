"""Turned glyphs: digits with a known rotation and stroke width, for continuous conditions."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gankit.data.dataset import Dataset, ImageSet
from gankit.data.glyphs.drawing import COUNT, HELD_OUT, images_of, shuffled_digits
from gankit.data.glyphs.handwriting import SIDE

MOST_DEGREES = 45.0
"""The largest rotation to either side."""
PENS = 1.2, 3.6
"""The least and the greatest width of a stroke, in pixels."""
NAMES = "angle", "width"


def draw_turned(count: int = COUNT, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Draw digits, each with a rotation and a stroke width of its own.

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
        (count, 28, 28, 1) uint8, as of `gankit.data.glyphs.draw`.
    labels
        (count, 2) float64: the rotation to the right in degrees, -45 to 45, and the width of the
        stroke in pixels, 1.2 to 3.6, both uniform.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    digits = shuffled_digits(rng, count)
    low, high = PENS
    turns = rng.random(count, np.float32) * 2 - 1
    widths = low + (high - low) * rng.random(count, np.float32)
    radians = np.deg2rad(MOST_DEGREES * turns).astype(np.float32)
    images = images_of(rng, digits, radians, (widths / 2).astype(np.float32))
    labels = np.stack([MOST_DEGREES * turns, widths], axis=1).astype(np.float64)
    return images, labels


@cache
def _drawn(count: int, seed: int) -> ImageSet:
    source = f"turned glyphs, {count:,} drawn by gankit with seed {seed}"
    return ImageSet(*draw_turned(count, seed), source, NAMES)


def load(_: Path | None) -> ImageSet:
    """Return the 60,000 turned glyphs of seed 0, cached in the process; the argument is ignored."""
    return _drawn(COUNT, 0)


def held_out(_: Path | None) -> ImageSet:
    """Return 10,000 other turned glyphs, those of seed 1."""
    return _drawn(HELD_OUT, 1)


DATASET = Dataset(
    name="turned-glyphs",
    summary="glyphs with an angle and a stroke width, 28x28, 60,000 images, no download",
    load=load,
    test=held_out,
    shape=(SIDE, SIDE, 1),
)
