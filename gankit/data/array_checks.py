"""Validate a user's image arrays, from files or from Python; errors contain the remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.data.as_array import MOST_CHANNELS
from gankit.errors import DataError, GankitError

CHUNK = 4096
"""Images per check, to limit the memory for mapped files."""

ROUNDING = 1e-3
"""How far numbers may lie outside [-1, 1] because of rounding, for the remedy."""

SHAPE = "(N, height, width, channels)"


@dataclass(frozen=True)
class Span:
    """The range of an array's values.

    Attributes
    ----------
    low, high
        The smallest and the largest value.
    broken
        The number of the first image with NaN or an infinity, or None.
    """

    low: float
    high: float
    broken: int | None = None


STACK = "give np.stack of arrays that all have the same shape"


def images(
    found: NDArray[Any],
    name: str,
    error: type[GankitError] = DataError,
    *,
    reals: bool = False,
    size: tuple[int, int] | None = None,
) -> NDArray[Any]:
    """Return validated images, unchanged except for an added channel axis.

    Parameters
    ----------
    found
        Any array.
    name
        Its name in messages.
    error
        The exception type; DataError for images in a file.
    reals
        Whether to accept real numbers in [-1, 1] in addition to uint8. In a file they are
        refused, because they cannot be distinguished from numbers in [0, 1].
    size
        The expected height and width, if known.

    Returns
    -------
    NDArray
        (N, H, W, C), uint8 or real numbers, unconverted.

    Raises
    ------
    GankitError
        The array has another dtype, range or shape; the message contains the remedy.
    """
    if found.dtype != np.uint8 and found.dtype.kind not in "biuf":
        remedy = STACK if found.dtype == object else "give the numbers of the pixels"
        raise error(f"{name}: got {found.dtype}; expected {_wanted(reals)}; {remedy}")
    shaped = shaped_images(found, name, error, size)
    if found.dtype == np.uint8:
        return shaped
    numbers = span(found, all_images=reals)
    if numbers.broken is not None:
        raise error(
            f"{name}: image {numbers.broken} has a value that is not a finite number, NaN or an "
            "infinity; leave that image out"
        )
    if reals and found.dtype.kind == "f" and -1 <= numbers.low <= numbers.high <= 1:
        return shaped
    values = f"{found.dtype} from {numbers.low:.9g} to {numbers.high:.9g}"
    verb = "save" if error is DataError else "give"
    conversion = to_uint8_expression(found.dtype, numbers)
    rounded = numbers.low >= -1 - ROUNDING and numbers.high <= 1 + ROUNDING
    if reals and found.dtype.kind == "f" and rounded:
        conversion = "np.clip(images, -1, 1)"
    raise error(f"{name}: got {values}; expected {_wanted(reals)}; {verb} {conversion}")


def span(found: NDArray[Any], *, all_images: bool = True) -> Span:
    """Return the range of the values of all images, or of an evenly spaced subset of them."""
    count = len(found) if all_images else min(len(found), CHUNK)
    chosen = np.linspace(0, len(found) - 1, count).astype(np.int64)
    low, high = np.inf, -np.inf
    for start in range(0, count, CHUNK):
        index = chosen[start : start + CHUNK]
        part = found[start : start + CHUNK] if all_images else found[index]
        if part.dtype.kind == "f" and not np.isfinite(part).all():
            bad = ~np.isfinite(part).reshape(len(part), -1).all(axis=1)
            return Span(low, high, int(index[bad.argmax()]))
        low, high = min(low, float(part.min())), max(high, float(part.max()))
    return Span(low, high)


def to_uint8_expression(dtype: np.dtype[Any], numbers: Span) -> str:
    """Return a Python expression that converts `images` with this range to uint8.

    >>> to_uint8_expression(np.dtype(bool), Span(0, 1))
    'images * np.uint8(255)'
    >>> to_uint8_expression(np.dtype("float32"), Span(0, 1))
    'np.uint8(np.rint(images * 255))'
    >>> to_uint8_expression(np.dtype("float32"), Span(-1, 1))
    'np.uint8(np.rint(images * 127.5 + 127.5))'
    >>> to_uint8_expression(np.dtype("uint16"), Span(0, 60000))
    'np.uint8(images >> 8)'
    """
    low, high = numbers.low, numbers.high
    if dtype.kind == "b":
        return "images * np.uint8(255)"
    if low >= 0 and high <= 1:
        return "np.uint8(np.rint(images * 255))"
    if low >= -1 and high <= 1:
        return "np.uint8(np.rint(images * 127.5 + 127.5))"
    if low >= 0 and high <= 255:
        return "np.uint8(np.rint(images))" if dtype.kind == "f" else "images.astype(np.uint8)"
    if low >= 0 and 2**15 <= high < 2**16 and dtype.kind in "iu":
        return "np.uint8(images >> 8)"
    if low >= 0:
        return "np.uint8(np.rint(images * (255.0 / images.max())))"
    return "np.uint8(np.rint((images - images.min()) * (255.0 / np.ptp(images))))"


def shaped_images(
    found: NDArray[Any],
    name: str,
    error: type[GankitError] = DataError,
    size: tuple[int, int] | None = None,
) -> NDArray[Any]:
    """Return images of any dtype as (N, H, W, C); parameters and errors are those of `images`."""
    shape = found.shape
    if found.ndim not in (3, 4) or not all(shape):
        wanted = f"expected {SHAPE} or (N, height, width), one image or more"
        raise error(f"{name}: got images of shape {shape}; {wanted}")
    if found.ndim == 3 and shape[2] in (1, 3, MOST_CHANNELS) and min(shape[:2]) > 2 * MOST_CHANNELS:
        remedy = "give images[np.newaxis] if it is one picture"
        raise error(f"{name}: got images of shape {shape}; expected {SHAPE}; {remedy}")
    first = found.ndim == 4 and shape[1] <= MOST_CHANNELS < min(shape[2:])
    if first and size != shape[1:3]:
        raise error(
            f"{name}: got images of shape {shape}, channels first; expected {SHAPE}; "
            "give images.transpose(0, 2, 3, 1)"
        )
    return found if found.ndim == 4 else found.reshape(*shape, 1)  # Also a `FileArray`.


def _wanted(reals: bool) -> str:
    return "uint8, 0 to 255" + (", or real numbers in [-1, 1]" if reals else "")
