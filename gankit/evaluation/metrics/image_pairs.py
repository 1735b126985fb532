"""How alike images are to the true ones: PSNR and SSIM, of images in pairs.

PSNR    10 log10(255^2 / E (x - y)^2), E the mean over all pixels of all images, in decibels
SSIM    the mean over the pixels of (2 m n + c) (2 s + d) / ((m^2 + n^2 + c) (u + v + d)), with
m and n the means of x and y around the pixel, u and v their variances and s their
covariance, weighted by a normal density of deviation 1.5 in a window of 11 pixels;
c = 2.55^2, d = 7.65^2 (Wang et al. 2004)
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gankit.errors import ConfigError

PEAK = 255.0
WINDOW = 11
"""Pixels along a side of a window of SSIM."""
DEVIATION = 1.5
CONSTANTS = ((0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2)
CHUNK = 500
"""Images that are compared at a time."""

Levels = NDArray[np.uint8]
Real = NDArray[np.float64]


def psnr(images: Levels, true: Levels) -> float:
    """Return the PSNR of `(n, H, W, C)` uint8 images; infinite if they equal the true ones."""
    _check(images, true)
    error = sum(float(((a.astype(np.float64) - b) ** 2).sum()) for a, b in _chunks(images, true))
    return 10 * math.log10(PEAK**2 * images.size / error) if error else math.inf


def ssim(images: Levels, true: Levels) -> float | None:
    """Return the mean SSIM of `(n, H, W, C)` uint8 images, at most 1; None below 11 pixels a side.

    Windows that leave the image are not counted; channels are compared one by one.
    """
    _check(images, true)
    if min(images.shape[1:3]) < WINDOW:
        return None
    total = sum(_similarity(a.astype(np.float64), b).sum() for a, b in _chunks(images, true))
    return float(total) / len(images)


def _similarity(x: Real, y: NDArray[np.uint8]) -> Real:
    """Return the mean SSIM of each image."""
    true = y.astype(np.float64)
    m, n = _blurred(x), _blurred(true)
    u, v = _blurred(x * x) - m * m, _blurred(true * true) - n * n
    s, (c, d) = _blurred(x * true) - m * n, CONSTANTS
    found = (2 * m * n + c) * (2 * s + d) / ((m * m + n * n + c) * (u + v + d))
    means: Real = found.mean(axis=(1, 2, 3))
    return means


def _blurred(x: Real) -> Real:
    """Return weighted means over windows inside the images, `(n, H - 10, W - 10, C)`."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-0.5 * (offsets / DEVIATION) ** 2)
    weights /= weights.sum()
    height, width = (side - WINDOW + 1 for side in x.shape[1:3])
    rows = sum(w * x[:, i : i + height] for i, w in enumerate(weights))
    made: Real = np.asarray(sum(w * rows[:, :, i : i + width] for i, w in enumerate(weights)))
    return made


def _chunks(images: Levels, true: Levels) -> list[tuple[Levels, Levels]]:
    starts = range(0, len(images), CHUNK)
    return [(images[i : i + CHUNK], true[i : i + CHUNK]) for i in starts]


def _check(images: Levels, true: Levels) -> None:
    if images.shape != true.shape or not len(images):
        raise ConfigError(
            f"images: got {images.shape} and {true.shape}; expected pairs of equal shapes"
        )
