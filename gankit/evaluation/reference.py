"""Real images to hold others against, and which they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.contract.random_streams import Stream, generator
from gankit.errors import ConfigError
from gankit.evaluation.pixels import Levels, levels

COUNT = 10_000
"""Images of a reference, unless another number is asked for."""


@dataclass(frozen=True, eq=False)
class Reference:
    """Real images that others are held against.

    Attributes
    ----------
    images
        `(m, H, W, C)` uint8.
    split
        Which they are, in a few words: "10,000 of the 60,000 training images of mnist, seed 0".
    index
        `(m,)` int64, their positions in the images that `apart` divided; None from `choose`.
    """

    images: Levels = field(repr=False)
    split: str
    index: NDArray[np.int64] | None = field(default=None, repr=False)


def choose(images: NDArray[Any], split: str, count: int = COUNT, seed: int = 0) -> Reference:
    """Return `count` images, chosen by the seed without replacement, or all if there are fewer.

    Parameters
    ----------
    images
        `(N, H, W, C)` uint8, or real numbers in [-1, 1].
    split
        What they are: "training images of mnist".
    """
    if count < 2:
        raise ConfigError(f"a reference of {count} images is none; take at least 2")
    if len(images) <= count:
        return Reference(levels(images), f"all {len(images):,} {split}")
    random = generator(seed, Stream.REFERENCE)
    index = np.sort(random.choice(len(images), count, replace=False))
    return Reference(
        levels(images[index]), f"{count:,} of the {len(images):,} {split}, seed {seed}"
    )


def apart(
    images: NDArray[Any], split: str, count: int = COUNT, seed: int = 0
) -> tuple[Reference, Reference]:
    """Return two sets of images that share none: `count` in each, or half of all if that is fewer.

    For a data set that holds no test images apart: the one is the reference, the other shows how
    far real images are from it.

    Parameters
    ----------
    images, split
        As in `choose`; at least 4 images.
    """
    half = min(count, len(images) // 2)
    if half < 2:
        raise ConfigError(f"{len(images)} images cannot be halved into references; give at least 4")
    order = generator(seed, Stream.REFERENCE).permutation(len(images))
    # Files that are mapped are read faster in their order; the others may be cut short, and are not
    # to begin with one class.
    index, others = np.sort(order[:half]), order[half : 2 * half]
    rest = f"of the {len(images):,} {split}, seed {seed}"
    return (
        Reference(levels(images[index]), f"{half:,} {rest}", index),
        Reference(levels(images[others]), f"{half:,} others {rest}", others),
    )
