"""Draw strokes with random variation: the slant, width, wobble and pen width of each image.

For each pixel of an image, the position in the undistorted digit is computed, and the distance from
the stroke is read there. The pixel has ink if that is below the pen's width.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gankit.data.glyphs.strokes import Strokes

Float = NDArray[np.floating]
"""Always float32, with half the memory of float64 and enough precision for pixels."""

SIDE = 28
"""Pixels along each side of an image."""

BOX = 19.5
"""Pixels along the longer side of a digit's ink; MNIST's is 20."""

MIDDLE = 14.0
"""Position of the ink's mean, in pixels from the first pixel's centre, as in MNIST."""

REACH = 11.5
"""The most pixels from the mean to the edge of the ink, before wobble."""

EDGE = 1.1
"""Pixels over which ink fades."""


def written(
    rng: np.random.Generator,
    strokes: Strokes,
    chosen: NDArray[np.int64],
    turn: Float | None = None,
    pen: Float | None = None,
) -> Float:
    """Draw each of the chosen strokes once.

    Parameters
    ----------
    rng
        Source of the random variation.
    strokes
        The available strokes.
    chosen
        (N,) int64: indices of the strokes to draw.
    turn
        (N,) float32: a rotation of each digit to the right, in radians, besides the random ones;
        None, the default, for none.
    pen
        (N,) float32: the width of the pen from the middle of the stroke, in pixels; None, the
        default, draws it.

    Returns
    -------
    Float
        (N, SIDE, SIDE) float32, 0 for the background to 1 for ink.
    """
    drawn = _normal(rng, len(chosen), 1.25, 0.3)
    pen, slants = drawn if pen is None else pen, _slants(rng, len(chosen))
    if turn is not None:
        slants = _turned(slants, turn)
    slant, middle = _fitted(slants, strokes.points[chosen], pen)
    x, y = _sources(rng, slant, middle)
    scale = np.sqrt(_determinant(slant))[:, np.newaxis, np.newaxis]
    away = _sampled(strokes.distances, chosen, x, y) * scale
    width = (pen[:, np.newaxis] + _wave(rng, len(chosen), 0.12))[:, :, np.newaxis]
    return np.clip((width - away) / EDGE + 0.5, 0, 1)


def _normal(rng: np.random.Generator, count: int, mean: float, deviation: float) -> Float:
    """Draw (count,) normal numbers, at most two deviations from the mean."""
    drawn = np.clip(rng.standard_normal(count, np.float32), -2, 2)
    return mean + deviation * drawn


def _slants(rng: np.random.Generator, count: int) -> Float:
    """Draw (count, 2, 2) matrices: a width, a slant to the right, and a rotation."""
    width = np.exp(_normal(rng, count, 0.1, 0.16))
    lean, turn = _normal(rng, count, -0.15, 0.18), _normal(rng, count, 0.0, 0.1)
    cosine, sine = np.cos(turn), np.sin(turn)
    rows = [width * cosine, lean * cosine - sine, width * sine, lean * sine + cosine]
    return np.stack(rows, axis=-1).reshape(count, 2, 2)


def _turned(matrices: Float, turn: Float) -> Float:
    """Rotate what matrices draw to the right; y points down."""
    cosine, sine = np.cos(turn), np.sin(turn)
    rotation = np.stack([cosine, -sine, sine, cosine], axis=-1).reshape(len(turn), 2, 2)
    made: Float = np.einsum("nij,njk->nik", rotation, matrices)
    return made


def _fitted(slant: Float, points: Float, pen: Float) -> tuple[Float, Float]:
    """Scale matrices so that the ink fits into the box; return them and the middles, (N, 2).

    The middle is the mean of the ink, moved if a long stroke, as of a 7, would cross the edge.
    """
    placed = np.einsum("nij,nkj->nki", slant, points)
    scale = ((BOX - 2 * pen) / np.ptp(placed, axis=1).max(axis=-1))[:, np.newaxis]
    low, high = placed.min(axis=1) * scale, placed.max(axis=1) * scale
    reach = REACH - pen[:, np.newaxis]
    middle = np.clip(placed.mean(axis=1) * scale, high - reach, low + reach)
    return slant * scale[:, np.newaxis], middle


def _sources(rng: np.random.Generator, slant: Float, middle: Float) -> tuple[Float, Float]:
    """Return the x and y of each pixel of each image in the undistorted digit, from its middle.

    The wobble is along rows and along columns only, so x and y are sums of a term for the pixel's
    row and a term for its column.
    """
    count, grid = len(slant), np.arange(SIDE, dtype=np.float32) - MIDDLE
    columns = np.stack([grid + middle[:, :1] + _wave(rng, count, 0.5), _wave(rng, count, 0.7)], 1)
    rows = np.stack([_wave(rng, count, 0.7), grid + middle[:, 1:] + _wave(rng, count, 0.5)], 1)
    across, down = (np.einsum("nij,njk->nik", _inverse(slant), moved) for moved in (columns, rows))
    x, y = (across[:, i, np.newaxis, :] + down[:, i, :, np.newaxis] for i in range(2))
    return x, y


def _wave(rng: np.random.Generator, count: int, height: float) -> Float:
    """Draw (count, SIDE) waves of mean 0, half a period to one and a half along the box."""
    periods, phase = rng.random((2, count, 1), np.float32)
    angle = 2 * np.pi * ((0.5 + periods) * np.arange(SIDE, dtype=np.float32) / BOX + phase)
    wave = _normal(rng, count, 0.0, height)[:, np.newaxis] * np.sin(angle)
    level: Float = wave - wave.mean(axis=1, keepdims=True)
    return level


def _sampled(fields: Float, chosen: NDArray[np.int64], x: Float, y: Float) -> Float:
    """Interpolate fields bilinearly; beyond the edge, use the edge."""
    size = fields.shape[-1]
    x, y = (np.clip(axis + (size - 1) / 2, 0, size - 1.001) for axis in (x, y))
    column, row = np.floor(x), np.floor(y)
    within = (row * size + column).astype(np.int32)
    corner = chosen.astype(np.int32)[:, np.newaxis, np.newaxis] * size**2 + within
    x, y, flat = x - column, y - row, fields.reshape(-1)
    above, below = (_between(flat[at], flat[at + 1], x) for at in (corner, corner + size))
    return _between(above, below, y)


def _between(first: Float, second: Float, share: Float) -> Float:
    return first + (second - first) * share


def _determinant(matrices: Float) -> Float:
    (a, b), (c, d) = np.moveaxis(matrices, 0, -1)
    determinant: Float = a * d - b * c
    return determinant


def _inverse(matrices: Float) -> Float:
    """Invert (N, 2, 2) matrices, with equal results on every machine, unlike LAPACK."""
    (a, b), (c, d) = np.moveaxis(matrices, 0, -1)
    adjugate = np.stack([d, -b, -c, a], axis=-1).reshape(matrices.shape)
    return adjugate / _determinant(matrices)[:, np.newaxis, np.newaxis]
