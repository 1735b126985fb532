"""The strokes of digits in fonts, which are drawn with variation; docs/data.md has their source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SHEET = Path(__file__).with_name("strokes.png")
"""Lines one pixel wide: a row of the digits 0 to 9 for each font, and below them a row of ones."""

CELL = 72
"""Pixels along each side of a digit in the sheet, with its background."""

COUNT = 108
"""Number of strokes; the last two cells of the sheet are empty."""

COLUMNS = 10
"""Strokes in each row of the sheet."""

FONTS = 10
"""Number of fonts. The 1 of each has a foot, but few handwritten ones do: the last row has none."""

POINTS = 64
"""Points of each stroke that determine its size and its middle."""


@dataclass(frozen=True)
class Strokes:
    """The strokes of the digits.

    Attributes
    ----------
    digits
        (F,) int64, 0 to 9: the digit of each stroke.
    distances
        (F, S, S) float32: distance of each pixel from the stroke, in pixels.
    points
        (F, POINTS, 2) float32: points on the stroke as (x, y), from the middle, in pixels.
    """

    digits: NDArray[np.int64]
    distances: NDArray[np.float32]
    points: NDArray[np.float32]


@cache
def font_strokes() -> Strokes:
    """Return the strokes of every digit in every font."""
    shown = lines()
    digits = np.where(np.arange(COUNT) < FONTS * COLUMNS, np.arange(COUNT) % COLUMNS, 1)
    return Strokes(digits, np.stack([*map(distances, shown)]), np.stack([*map(_points, shown)]))


def lines() -> NDArray[np.bool_]:
    """Return the lines in the sheet, (COUNT, CELL, CELL) bool, true on the stroke."""
    from PIL import Image

    with Image.open(SHEET) as sheet:
        cells = np.asarray(sheet).reshape(-1, CELL, COLUMNS, CELL).swapaxes(1, 2)
    return cells.reshape(-1, CELL, CELL)[:COUNT]


def distances(line: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return for each pixel of a (H, W) mask the distance to its nearest true pixel, in pixels."""
    here = np.argwhere(np.ones_like(line))[:, np.newaxis]
    squares = np.sum((here - np.argwhere(line)) ** 2, axis=-1)
    nearest: NDArray[np.float32] = np.sqrt(squares.min(axis=-1), dtype=np.float32)
    return nearest.reshape(line.shape)


def _points(line: NDArray[np.bool_]) -> NDArray[np.float32]:
    places = np.argwhere(line)
    chosen = np.linspace(0, len(places) - 1, POINTS).astype(int)
    return (places[chosen, ::-1] - (len(line) - 1) / 2).astype(np.float32)
