"""Images as the metrics take them: uint8 levels and real numbers in [-1, 1], in chunks."""

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
"""Images processed together, to bound memory."""

SIDE = 32
"""Images with a longer side are averaged over blocks of pixels."""


ROUNDING = 1e-3
"""How far outside [-1, 1] a pixel may be without a warning."""

FARTHEST = 2.0
"""A pixel further from 0 is an error: it does not come from a network with outputs in [-1, 1]."""


def levels(images: NDArray[Any]) -> Levels:
    """Return `(n, H, W, C)` images as uint8: a sample is evaluated as the file that it becomes.

    Parameters
    ----------
    images
        uint8, or real numbers in [-1, 1]. Pixels slightly outside are clipped, with a warning; if
        no pixel is below 0, a warning says so too.

    Raises
    ------
    ConfigError
        The array has another shape or dtype, is empty, or has a number outside [-2, 2].
    Diverged
        A value is NaN or infinite.
    """
    check_images(images)
    return to_uint8(images)


def check_images(images: NDArray[Any]) -> None:
    """Raise ConfigError or warn unless `levels` accepts the images."""
    if images.ndim != 4 or 0 in images.shape or not (_is_uint8(images) or _is_real(images)):
        found = f"{images.dtype} of shape {images.shape}"
        raise ConfigError(
            f"images: got {found}; expected (n, H, W, C) of uint8 or real numbers in [-1, 1]"
        )
    if not _is_uint8(images):
        _check_range(float(images.min()), float(images.max()))


def _check_range(low: float, high: float) -> None:
    """Raise ConfigError or warn unless pixels from `low` to `high` can be in [-1, 1].

    `to_uint8` raises for NaN and infinity.
    """
    found = f"images: got pixels from {low:.4g} to {high:.4g}; expected real numbers in [-1, 1]"
    if low < -FARTHEST or high > FARTHEST:
        raise ConfigError(f"{found}; scale them, or convert levels from 0 to 255 to uint8")
    if low < -ROUNDING - 1 or high > 1 + ROUNDING:
        warnings.warn(f"{found}; values outside are clipped", stacklevel=4)
    elif low >= 0 and high > low:
        warnings.warn(f"{found}; if they are in [0, 1], give 2 * images - 1", stacklevel=4)


def check_shape(images: NDArray[Any], shape: tuple[int, ...], other: str) -> None:
    """Raise ConfigError unless images have the `shape` (H, W, C) of `other`; name it."""
    if images.shape[1:] != shape:
        raise ConfigError(
            f"images are {_times(images.shape[1:])} but {other} has {_times(shape)};"
            " give images of one data set"
        )


def small(images: Levels) -> Float32:
    """Return `(n, inputs)` pixels in [-1, 1], averaged down to at most 32 a side.

    >>> small(np.zeros((2, 64, 48, 3), np.uint8)).shape
    (2, 2304)
    """
    return flat(shrunk(images))


def inputs(shape: tuple[int, ...]) -> int:
    """Return the length of `small`'s rows for images of `shape` (height, width, channels)."""
    height, width, channels = shape
    block = block_of(height, width)
    return -(-height // block) * -(-width // block) * channels


def shrunk(images: Levels) -> Float32:
    """Return `(n, h, w, C)` in [-1, 1], averaged over blocks so that h and w are at most 32.

    If the size is not a multiple of the block, edge pixels are repeated.
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


def block_of(height: int, width: int) -> int:
    """Return the side of the square blocks that divide an image into at most 32 a side."""
    return -(-max(height, width) // SIDE)


def _is_uint8(images: NDArray[Any]) -> bool:
    return images.dtype == np.uint8


def _is_real(images: NDArray[Any]) -> bool:
    return images.dtype.kind == "f"


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
