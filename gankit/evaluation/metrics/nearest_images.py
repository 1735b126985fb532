"""The training image nearest to each sample: shows whether a generator copies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.errors import ConfigError
from gankit.evaluation.chunks import chunks
from gankit.evaluation.image_arrays import Float32, Levels, Real, check_shape, levels

IMAGES_AT_ONCE = 1024
TRAINING_IMAGES_AT_ONCE = 2048

EXACT_TERMS = 1024
"""Products of numbers up to 2^7 whose sum, at most 2^24, is exact in float32."""


def nearest_images(
    images: NDArray[Any], training: NDArray[Any], own: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return for each image the nearest training image and its distance.

    All training images are searched. Squared differences of levels are whole numbers and summed
    without rounding, so that among equally near images the first is always found. Memory does not
    grow with `training`, which may be mapped from a file.

    Parameters
    ----------
    images, training
        `(n, H, W, C)` and `(N, H, W, C)`, uint8 or real numbers in [-1, 1].
    own
        `(n,)` positions of the images in `training`, if they are training images: each is compared
        with the others only.

    Returns
    -------
    index
        `(n,)` int64, into `training`.
    distance
        `(n,)` float64: root of the mean squared difference of pixels in [-1, 1], 0 to 2.

    Raises
    ------
    ConfigError
        The images have another shape than the training images, or `training` has no other image.
    """
    images, training = levels(images), levels(training)
    check_shape(images, training.shape[1:], "the training set")
    if own is not None and len(training) < 2:
        raise ConfigError("training: got one image and its own position; expected another image")
    index = np.zeros(len(images), np.int64)
    squares = np.full(len(images), np.inf)
    for rows in chunks(len(images), IMAGES_AT_ONCE):
        some = _centred(images[rows])
        for columns in chunks(len(training), TRAINING_IMAGES_AT_ONCE):
            table = _squares(some, _centred(training[columns]))
            if own is not None:
                _leave_out(table, own[rows] - columns.start)
            best = table.argmin(1)
            found = table[np.arange(len(some)), best]
            closer = found < squares[rows]
            index[rows] = np.where(closer, best + columns.start, index[rows])
            squares[rows] = np.where(closer, found, squares[rows])
    return index, np.sqrt(squares / images[0].size) / 127.5


def _leave_out(table: Real, own: NDArray[np.int64]) -> None:
    """Set each image's distance to itself, if it is in the table, to infinity."""
    there = np.flatnonzero((own >= 0) & (own < table.shape[1]))
    table[there, own[there]] = np.inf


def _squares(a: Float32, b: Float32) -> Real:
    """Return the `(n, m)` squared distances of `(n, d)` and `(m, d)` whole numbers, exact."""
    found: Real = _norms(a)[:, None] + _norms(b)
    for part in chunks(a.shape[1], EXACT_TERMS):
        found -= 2 * (a[:, part] @ b[:, part].T)
    return found


def _norms(a: Float32) -> Real:
    found: Real = np.einsum("nd,nd->n", a, a, dtype=np.float64)
    return found


def _centred(images: Levels) -> Float32:
    """Return `(n, d)` levels minus 128, from -128 to 127."""
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat -= 128
    return flat
