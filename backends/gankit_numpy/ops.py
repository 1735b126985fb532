"""The operations of losses and of augmentations, on tracked values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gankit_numpy import operations
from gankit_numpy.tape import Tracked, Value


class TrackedOps:
    """`gankit.losses.LossOps` and `gankit.augment.AugmentOps` on tracked values."""

    def exp(self, logits: Tracked) -> Tracked:
        """Return e^x."""
        return operations.exp(logits)

    def log(self, logits: Tracked) -> Tracked:
        """Return the natural logarithm."""
        return operations.log(logits)

    def logsumexp(self, logits: Tracked) -> Tracked:
        """Return log(sum(exp(x))) over the batch."""
        return operations.logsumexp_of_all(logits)

    def softplus(self, logits: Tracked) -> Tracked:
        """Return log(1 + exp(logits))."""
        return operations.softplus(logits)

    def relu(self, logits: Tracked) -> Tracked:
        """Return max(logits, 0)."""
        return operations.relu(logits)

    def mean(self, logits: Tracked) -> Tracked:
        """Return the mean over the batch."""
        return operations.mean(logits)

    def mean_over(self, images: Tracked, axes: tuple[int, ...]) -> Tracked:
        """Return the mean over `axes`, which remain as axes of length 1."""
        return operations.mean_over(images, axes, keep=True)

    def shift(self, images: Tracked, offsets: NDArray[np.int64]) -> Tracked:
        """Shift each image down and right by its row of `offsets`; fill with zeros."""
        return operations.shift(images, offsets)

    def warp(self, images: Tracked, maps: Value) -> Tracked:
        """Stretch, shear and shift each image's rows, then its columns."""
        rows = operations.interpolate(images, _places(images, maps[:, 0], 2), 2)
        return operations.interpolate(rows, _places(rows, maps[:, 1], 1), 1)

    def transpose(self, images: Tracked) -> Tracked:
        """Return images with rows in place of columns."""
        return operations.transpose(images, (0, 2, 1, 3))

    def below(self, numbers: Value, threshold: float) -> Value:
        """Return 1 where a number is below the threshold and 0 elsewhere."""
        return (numbers < threshold).astype(numbers.dtype)


def _places(images: Tracked, numbers: Value, axis: int) -> Value:
    """Return `(n, height, width)`: where along an axis of the images each pixel comes from."""
    sides = images.shape[1:3]
    centred = [np.arange(side, dtype=numbers.dtype) - (side - 1) / 2 for side in sides]
    grids = np.meshgrid(*centred, indexing="ij")
    scale, shear, shift = numbers.T[:, :, None, None]
    middle = (sides[axis - 1] - 1) / 2
    places: Value = scale * grids[axis - 1] + shear * grids[2 - axis] + shift + middle
    return places
