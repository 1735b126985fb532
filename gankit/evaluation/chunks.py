"""Chunks of many images or features: they bound the memory that a computation takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.evaluation.image_arrays import Levels, Real, check_images
from gankit.visual.images import to_uint8

CHUNK = 1024
"""Images processed together."""


def chunks(n: int, size: int = CHUNK) -> Iterator[slice]:
    """Yield slices of at most `size` that cover `n` positions.

    >>> list(chunks(5, 3))
    [slice(0, 3, None), slice(3, 5, None)]
    """
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def by_chunks(compute: Callable[[Levels], NDArray[Any]], images: NDArray[Any]) -> Real:
    """Return `compute` of all images, 1,024 at a time, joined as float64."""
    check_images(images)
    parts = [compute(to_uint8(images[part])) for part in chunks(len(images))]
    return np.concatenate(parts).astype(np.float64)
