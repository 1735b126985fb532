"""Glyphs in colour: each digit has a colour of its own, and all colours one brightness."""

from __future__ import annotations

import colorsys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gankit.data import glyphs
from gankit.data.dataset import Dataset, ImageSet
from gankit.data.glyphs.handwriting import SIDE

BRIGHTNESS = 0.55
"""The luma of every colour, by the weights of ITU-R 601-2; grey levels do not show the digit's."""
LUMA = np.array([0.299, 0.587, 0.114])


def colour(digit: int) -> NDArray[np.float64]:
    """Return a digit's red, green and blue in [0, 1]: of ten hues, darkened or mixed with white.

    >>> colour(0).round(2).tolist(), colour(5).round(2).tolist()
    ([1.0, 0.36, 0.36], [0.0, 0.78, 0.78])
    """
    pure = np.array(colorsys.hsv_to_rgb(digit / 10, 1.0, 1.0))
    luma = float(LUMA @ pure)
    if luma > BRIGHTNESS:
        made: NDArray[np.float64] = pure * BRIGHTNESS / luma
        return made
    share = (BRIGHTNESS - luma) / (1 - luma)
    mixed: NDArray[np.float64] = pure * (1 - share) + share
    return mixed


def coloured(data: ImageSet) -> ImageSet:
    """Return grey glyphs in the colours of their digits, `(N, 28, 28, 3)`."""
    colours = np.stack([colour(digit) for digit in range(10)])
    levels = np.rint(np.arange(256)[:, np.newaxis, np.newaxis] * colours).astype(np.uint8)
    labels = np.asarray(data.labels)
    made = np.empty((*data.images.shape[:3], 3), np.uint8)
    for digit in range(10):
        own = labels == digit
        made[own] = levels[data.images[own][..., 0], digit]
    return ImageSet(made, labels, f"{data.source}, in a colour for each digit")


def load(data_dir: Path | None) -> ImageSet:
    """Return the 60,000 glyphs of seed 0 in colour; the argument is ignored."""
    return coloured(glyphs.load(data_dir))


def held_out(data_dir: Path | None) -> ImageSet:
    """Return the 10,000 glyphs of seed 1 in colour; the argument is ignored."""
    return coloured(glyphs.held_out(data_dir))


DATASET = Dataset(
    name="colour-glyphs",
    summary="glyphs with a colour for each digit, 28x28, 60,000 images, no download",
    load=load,
    test=held_out,
    shape=(SIDE, SIDE, 3),
)
