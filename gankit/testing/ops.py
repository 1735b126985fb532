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

    def below(self, numbers: Array, threshold: float) -> Array:
        """Return 1 for each number below the threshold, else 0."""
        return (numbers < threshold).astype(numbers.dtype)
