"""Principal components of pixels, with local features: for data sets without labels.

Pearson 1901; Jolliffe, "Principal Component Analysis", 2002, §1.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._utils.state import State
from gankit.evaluation.chunks import by_chunks, chunks
from gankit.evaluation.features import local_features
from gankit.evaluation.features.digest import digest
from gankit.evaluation.features.shrunk_images import small
from gankit.evaluation.image_arrays import Levels, Real, check_shape, levels

COMPONENTS = 64
"""Default number of components."""

VERSION = "principal 4"
"""Part of the checksum in the name: change it with anything that changes the numbers."""


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """A projection of pixels; call it to get features (it implements `Features`).

    Attributes
    ----------
    name
        Ends with the first digits of the checksum of the images it was computed from.
    shape
        (height, width, channels) of its input images.
    mean
        `(pixels,)` float64 in [-1, 1].
    components
        `(pixels, d)` float64, orthonormal columns, largest variance first.
    local
        Float32 arrays named as in `local_features.shapes`.
    """

    name: str
    shape: tuple[int, ...]
    mean: Real = field(repr=False)
    components: Real = field(repr=False)
    local: State = field(repr=False)

    def __call__(self, images: NDArray[Any], /) -> Real:
        """Return `(n, d + l)` float64 features of `(n, H, W, C)` images.

        The first `d` are projections, the others are local: 18 for grey images, 54 for colour.
        """
        check_shape(images, self.shape, "the projection")
        return by_chunks(self._joined, images)

    def _joined(self, images: Levels) -> Real:
        projected = (_pixels(images) - self.mean) @ self.components
        return np.concatenate([projected, local_features.features(self.local, images)], axis=1)


def principal_components(images: NDArray[Any], components: int = COMPONENTS) -> PrincipalComponents:
    """Return the principal components of reference images, with local features.

    Parameters
    ----------
    images
        `(n, H, W, C)` uint8, or real numbers in [-1, 1]; memory does not grow with n.
    components
        How many; at most the number of pixels and of images.
    """
    images = levels(images)
    parts = [_pixels(images[part]).sum(0) for part in chunks(len(images))]
    mean = np.sum(parts, 0) / len(images)
    products = np.zeros((len(mean), len(mean)))
    for part in chunks(len(images)):
        centred = _pixels(images[part]) - mean
        products += centred.T @ centred
    # eigh returns the smallest first.
    sizes, directions = (array[..., ::-1] for array in np.linalg.eigh(products))
    count = min(components, len(images), len(mean))
    variance = float(np.maximum(sizes[:count], 0).mean()) / len(images)
    shape, checksum = images.shape[1:], digest(VERSION, images)[:8]
    local = f"{local_features.count(shape[-1])} local features"
    return PrincipalComponents(
        name=f"{count} principal components and {local} ({checksum})",
        shape=shape,
        mean=mean,
        components=directions[:, :count].copy(),
        local=local_features.fit(images, variance),
    )


def _pixels(images: Levels) -> Real:
    """Return `(n, pixels)` float64 in [-1, 1], at most 32 pixels a side."""
    return small(images).astype(np.float64)
