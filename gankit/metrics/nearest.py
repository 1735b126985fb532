"""The training image nearest to each sample: whether a generator has learned or copied."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.metrics.pixels import Real, check_shape, chunks, levels

ROWS = 256
COLUMNS = 2048


def nearest_images(
    images: NDArray[Any], training: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return for each image the nearest training image, and how far it is.

    Levels are whole numbers and their squares are added without rounding, so that of equally
    near ones it is always the first. Memory stays flat, also where `training` is mapped from a
    file.

    Parameters
    ----------
    images, training
        `(n, H, W, C)` and `(N, H, W, C)`, uint8 or real numbers in [-1, 1].

    Returns
    -------
    index
        `(n,)` int64, into `training`.
    distance
        `(n,)` float64: root of the mean squared difference of pixels in [-1, 1], 0 to 2.
    """
    images, training = levels(images), levels(training)
    check_shape(images, training.shape[1:], "the training set")
    index = np.zeros(len(images), np.int64)
    squares = np.full(len(images), np.inf)
    for rows in chunks(len(images), ROWS):
        some = _flat(images[rows])
        for columns in chunks(len(training), COLUMNS):
            table = _squares(some, _flat(training[columns]))
            best = table.argmin(1)
            found = table[np.arange(len(some)), best]
            closer = found < squares[rows]
            index[rows] = np.where(closer, best + columns.start, index[rows])
            squares[rows] = np.where(closer, found, squares[rows])
    return index, np.sqrt(squares / images[0].size) / 127.5


def _squares(a: Real, b: Real) -> Real:
    found: Real = np.sum(a * a, 1)[:, None] + np.sum(b * b, 1) - 2 * (a @ b.T)
    return found


def _flat(images: NDArray[np.uint8]) -> Real:
    return images.reshape(len(images), -1).astype(np.float64)
