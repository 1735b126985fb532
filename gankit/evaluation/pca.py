"""PrincipalComponents components of the pixels, with local features: for data sets without labels.

Pearson 1901; Jolliffe, "PrincipalComponents Component Analysis", 2002, §1.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._utils.state import State
from gankit.evaluation import local
from gankit.evaluation.features import digest
from gankit.evaluation.pixels import Levels, Real, by_chunks, check_shape, chunks, levels, small

COMPONENTS = 64

VERSION = "principal 4"


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
        Float32 arrays named as in `local.shapes`.
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
        return by_chunks(self._all, images)

    def _all(self, images: Levels) -> Real:
        projected = (_flat(images) - self.mean) @ self.components
        return np.concatenate([projected, local.features(self.local, images)], axis=1)


def principal_components(images: NDArray[Any], components: int = COMPONENTS) -> PrincipalComponents:
    """Return the principal components of reference images, with local features.

    Parameters
    ----------
    images
        `(n, H, W, C)` uint8, or real numbers in [-1, 1]; memory does not grow with n.
    components
        How many; at most the number of pixels and of images.
    """
    whole = levels(images)
    parts = [_flat(whole[part]).sum(0) for part in chunks(len(whole))]
    mean = np.sum(parts, 0) / len(whole)
    products = np.zeros((len(mean), len(mean)))
    for part in chunks(len(whole)):
        centred = _flat(whole[part]) - mean
        products += centred.T @ centred
    # eigh returns the smallest first.
    sizes, directions = (array[..., ::-1] for array in np.linalg.eigh(products))
    count = min(components, len(whole), len(mean))
    variance = float(np.maximum(sizes[:count], 0).mean()) / len(whole)
    shape, mark = whole.shape[1:], digest(VERSION, whole)[:8]
    name = f"{count} principal components and {local.count(shape[-1])} local features ({mark})"
    found = directions[:, :count].copy()
    return PrincipalComponents(name, shape, mean, found, local.fit(whole, variance))


def _flat(images: Levels) -> Real:
    return small(images).astype(np.float64)
