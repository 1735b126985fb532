"""Arrays of images as the metrics take them: uint8 levels, or real numbers in [-1, 1]."""

from __future__ import annotations

import warnings
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit._utils import stack_level
from gankit.errors import ConfigError
from gankit.visual.images import to_uint8

Levels: TypeAlias = NDArray[np.uint8]
Real: TypeAlias = NDArray[np.float64]
Float32: TypeAlias = NDArray[np.float32]

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
        warnings.warn(f"{found}; values outside are clipped", stacklevel=stack_level.of_user())
    elif low >= 0 and high > low:
        warnings.warn(
            f"{found}; if they are in [0, 1], give 2 * images - 1", stacklevel=stack_level.of_user()
        )


def check_shape(images: NDArray[Any], shape: tuple[int, ...], other: str) -> None:
    """Raise ConfigError unless images have the `shape` (H, W, C) of `other`; name it."""
    if images.shape[1:] != shape:
        raise ConfigError(
            f"images: got {_times(images.shape[1:])} but {other} has {_times(shape)};"
            " give images of one data set"
        )


def _is_uint8(images: NDArray[Any]) -> bool:
    return images.dtype == np.uint8


def _is_real(images: NDArray[Any]) -> bool:
    return images.dtype.kind == "f"


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
