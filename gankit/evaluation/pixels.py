"""Images as the metrics see them: grey levels, and real numbers in [-1, 1], a few at a time."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.errors import ConfigError
from gankit.visual.images import to_uint8

Levels: TypeAlias = NDArray[np.uint8]
Real: TypeAlias = NDArray[np.float64]
Float32: TypeAlias = NDArray[np.float32]

CHUNK = 1024
"""Images that are looked at together, so that memory stays flat."""

SIDE = 32
"""Pixels of the longer side above which blocks of pixels are averaged."""


ROUNDING = 1e-3
"""How far outside [-1, 1] a pixel may lie without a warning."""

FARTHEST = 2.0
"""A number further from 0 is not a pixel of a network that is meant to end in [-1, 1]."""


def levels(images: NDArray[Any]) -> Levels:
    """Return `(n, H, W, C)` images as uint8, so that a sample is judged as the file it becomes.

    Parameters
    ----------
    images
        uint8, or real numbers in [-1, 1]. What lies a little outside is clipped, with a warning;
        where no pixel is below 0, a warning says so too.

    Raises
    ------
    ConfigError
        They are no images, there is none, or a number lies outside [-2, 2].
    Diverged
        A value is no number.
    """
    check_images(images)
    return to_uint8(images)


def check_images(images: NDArray[Any]) -> None:
    """Raise ConfigError or warn unless images are what `levels` takes."""
    if images.ndim != 4 or 0 in images.shape or not (_is_uint8(images) or _is_real(images)):
        found = f"{images.dtype} of shape {images.shape}"
        raise ConfigError(
            f"images are {found}; give uint8, or real numbers in [-1, 1], of shape (n, H, W, C)"
        )
    if not _is_uint8(images):
        _check_range(float(images.min()), float(images.max()))


def _check_range(low: float, high: float) -> None:
    """Raise ConfigError or warn unless `low` and `high` can be the ends of [-1, 1].

    Of a number that is none, `to_uint8` tells.
    """
    found = f"images: got pixels from {low:.4g} to {high:.4g}; expected real numbers in [-1, 1]"
    if low < -FARTHEST or high > FARTHEST:
        raise ConfigError(f"{found}; scale them, or convert levels from 0 to 255 to uint8")
    if low < -ROUNDING - 1 or high > 1 + ROUNDING:
        warnings.warn(f"{found}; what lies outside is clipped", stacklevel=4)
    elif low >= 0 and high > low:
        warnings.warn(f"{found}; if they are in [0, 1], give 2 * images - 1", stacklevel=4)


def check_shape(images: NDArray[Any], shape: tuple[int, ...], other: str) -> None:
    """Raise ConfigError unless images have the `shape` (H, W, C) of `other`, which is named."""
    if images.shape[1:] != shape:
        raise ConfigError(
            f"images are {_times(images.shape[1:])} but {other} is for {_times(shape)};"
            " give images of one data set"
        )


def small(images: Levels) -> Float32:
    """Return `(n, inputs)` pixels in [-1, 1], averaged down to at most 32 a side.

    >>> small(np.zeros((2, 64, 48, 3), np.uint8)).shape
    (2, 2304)
    """
    return flat(shrunk(images))


def inputs(shape: tuple[int, ...]) -> int:
    """Return how many numbers `small` makes of an image of `shape` (height, width, channels)."""
    height, width, channels = shape
    block = block_of(height, width)
    return -(-height // block) * -(-width // block) * channels


def shrunk(images: Levels) -> Float32:
    """Return `(n, h, w, C)` in [-1, 1]: blocks of pixels averaged, so that h and w are at most 32.

    Where blocks do not come out even, edges are repeated.
    """
    scaled = (images.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)
    block = block_of(*images.shape[1:3])
    if block == 1:
        return scaled
    _, height, width, _ = images.shape
    beyond = ((0, 0), (0, -height % block), (0, -width % block), (0, 0))
    padded = np.pad(scaled, beyond, mode="edge")
    n, height, width, channels = padded.shape
    blocks = padded.reshape(n, height // block, block, width // block, block, channels)
    averages: Float32 = blocks.mean((2, 4))
    return averages


def flat(images: Float32) -> Float32:
    """Return `(n, H * W * C)` numbers."""
    return images.reshape(len(images), -1)


def chunks(n: int, size: int = CHUNK) -> Iterator[slice]:
    """Return `n` positions in pieces of at most `size`.

    >>> list(chunks(5, 3))
    [slice(0, 3, None), slice(3, 5, None)]
    """
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def by_chunks(compute: Callable[[Levels], NDArray[Any]], images: NDArray[Any]) -> Real:
    """Return what `compute` makes of every 1,024 images, joined, as float64."""
    check_images(images)
    parts = [compute(to_uint8(images[part])) for part in chunks(len(images))]
    return np.concatenate(parts).astype(np.float64)


def block_of(height: int, width: int) -> int:
    """Return the side of the blocks of pixels that leave at most 32 of them a side."""
    return -(-max(height, width) // SIDE)


def _is_uint8(images: NDArray[Any]) -> bool:
    return images.dtype == np.uint8


def _is_real(images: NDArray[Any]) -> bool:
    return images.dtype.kind == "f"


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
