"""The operations of losses and of augmentation, on NumPy arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Array
from gankit.losses import NumpyLossOps


class NumpyOps(NumpyLossOps):
    """`gankit.losses.LossOps` and `gankit.augment.AugmentOps` on NumPy arrays."""

    def mean_over(self, images: Array, axes: tuple[int, ...]) -> Array:
        """Return the mean over `axes`, which keep length 1."""
        mean: Array = images.mean(axis=axes, keepdims=True)
        return mean

    def shift(self, images: Array, offsets: NDArray[np.int64]) -> Array:
        """Move each image down and right, and fill with zeros."""
        _, height, width, _ = images.shape
        below, beside = (np.abs(offsets).max(axis=0, initial=0)).tolist()
        margins = ((0, 0), (below, below), (beside, beside), (0, 0))
        padded = np.pad(images, margins)
        shifted = [
            image[below - i : below - i + height, beside - j : beside - j + width]
            for image, (i, j) in zip(padded, offsets, strict=True)
        ]
        return np.array(shifted)

    def warp(self, images: Array, maps: Array) -> Array:
        """Stretch, shear and shift the rows of each image, then the columns."""
        rows = np.array(list(map(_resampled, images, maps[:, 0])))
        columns = np.array(list(map(_resampled, rows.swapaxes(1, 2), maps[:, 1])))
        return columns.swapaxes(1, 2)

    def transpose(self, images: Array) -> Array:
        """Return images with rows in place of columns."""
        return images.swapaxes(1, 2)

    def below(self, numbers: Array, threshold: float) -> Array:
        """Return 1 for each number below the threshold, else 0."""
        return (numbers < threshold).astype(numbers.dtype)


def _resampled(image: Array, numbers: Array) -> Array:
    """Return an image whose rows are read at other places, between pixels by `numpy.interp`."""
    height, width, channels = image.shape
    pixels, (scale, shear, shift) = np.arange(width), numbers
    result = np.empty_like(image)
    for line in range(height):
        middle = (width - 1) / 2 + shear * (line - (height - 1) / 2) + shift
        places = scale * (pixels - (width - 1) / 2) + middle
        for channel in range(channels):
            result[line, :, channel] = np.interp(places, pixels, image[line, :, channel])
    return result
