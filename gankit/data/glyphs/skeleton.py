"""The centre line of a shape, and the distance of each pixel from it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

CLOCKWISE = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
"""The eight neighbours of a pixel as (row, column), clockwise from north."""


def thinned(masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Thin shapes to lines one pixel wide, with the same holes and pieces.

    Zhang & Suen, "A fast parallel algorithm for thinning digital patterns", CACM 1984.

    Parameters
    ----------
    masks
        (F, H, W) bool, true inside the shapes. The outermost pixels count as outside.

    Returns
    -------
    NDArray[np.bool_]
        (F, H, W) bool, true on the lines.
    """
    lines = np.zeros_like(masks)
    lines[:, 1:-1, 1:-1] = masks[:, 1:-1, 1:-1]
    left = -1
    while left != (left := int(lines.sum())):
        for clockwise in (CLOCKWISE, CLOCKWISE[4:] + CLOCKWISE[:4]):
            lines &= ~_removable(lines, clockwise)
    return lines


def _removable(
    lines: NDArray[np.bool_], clockwise: tuple[tuple[int, int], ...]
) -> NDArray[np.bool_]:
    """Return the pixels on the south-east edges that can be removed without breaking the shape.

    With `clockwise` from the south on, the edges are those in the north-west. Removing both at once
    would remove lines two pixels wide.
    """
    around = [np.roll(lines, (-row, -column), (1, 2)) for row, column in clockwise]
    count = np.sum(around, axis=0, dtype=np.int8)
    turns = np.sum([~a & b for a, b in pairwise([*around, around[0]])], axis=0, dtype=np.int8)
    north, east, south, west = around[::2]
    edge = ~(east & south & (north | west))
    removable: NDArray[np.bool_] = edge & (count >= 2) & (count <= 6) & (turns == 1)
    return removable


def distances(line: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return for each pixel of a (H, W) mask the distance to its nearest true pixel, in pixels."""
    here = np.argwhere(np.ones_like(line))[:, np.newaxis]
    squares = np.sum((here - np.argwhere(line)) ** 2, axis=-1)
    nearest: NDArray[np.float32] = np.sqrt(squares.min(axis=-1), dtype=np.float32)
    return nearest.reshape(line.shape)
