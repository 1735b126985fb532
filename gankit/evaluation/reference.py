"""Reference sets: the real images that generated images are compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._text import counted
from gankit.contract.random_streams import Stream, generator
from gankit.errors import ConfigError
from gankit.evaluation.image_arrays import Levels, levels

REFERENCE_IMAGES = 10_000
"""Default number of reference images."""


@dataclass(frozen=True, eq=False)
class Reference:
    """Real images that generated images are compared with.

    Attributes
    ----------
    images
        `(m, H, W, C)` uint8.
    split
        A description: "10,000 of the 60,000 training images of mnist, seed 0".
    index
        `(m,)` int64, their positions in the images that `split_reference` divided; None from
        `choose`.
    """

    images: Levels = field(repr=False)
    split: str
    index: NDArray[np.int64] | None = field(default=None, repr=False)


def choose(
    images: NDArray[Any], split: str, count: int = REFERENCE_IMAGES, seed: int = 0
) -> Reference:
    """Return `count` random images, drawn without replacement, or all if there are fewer.

    Parameters
    ----------
    images
        `(N, H, W, C)` uint8, or real numbers in [-1, 1].
    split
        A description: "training images of mnist".
    count
        How many, at least 2; 10,000 by default.
    seed
        Random seed of the choice; 0 by default.
    """
    if count < 2:
        raise ConfigError(f"reference: got {counted(count, 'image')}; expected at least 2")
    if len(images) <= count:
        return Reference(levels(images), f"all {len(images):,} {split}")
    random = generator(seed, Stream.REFERENCE)
    index = np.sort(random.choice(len(images), count, replace=False))
    return Reference(
        levels(images[index]), f"{count:,} of the {len(images):,} {split}, seed {seed}"
    )


def split_reference(
    images: NDArray[Any], split: str, count: int = REFERENCE_IMAGES, seed: int = 0
) -> tuple[Reference, Reference]:
    """Return two disjoint sets of `count` images each, or of half of all images if that is fewer.

    For a data set without test images: the first is the reference, and the second, compared with
    it, gives the real-image baseline.

    Parameters
    ----------
    images, split
        As in `choose`; at least 4 images.
    """
    half = min(count, len(images) // 2)
    if half < 2:
        raise ConfigError(
            f"reference: got {counted(len(images), 'image')}; expected at least 4, to halve them"
        )
    order = generator(seed, Stream.REFERENCE).permutation(len(images))
    # Sorted reads of a mapped file are faster. The second half stays unsorted, so that its first
    # images are not all of one class.
    index, others = np.sort(order[:half]), order[half : 2 * half]
    rest = f"of the {len(images):,} {split}, seed {seed}"
    return (
        Reference(levels(images[index]), f"{half:,} {rest}", index),
        Reference(levels(images[others]), f"{half:,} others {rest}", others),
    )
