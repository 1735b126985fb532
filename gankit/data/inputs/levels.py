"""Convert the numbers of pictures to levels of 0 to 255; the first pictures decide the range."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.data.array_checks import ROUNDING, Span, span, to_uint8_expression
from gankit.errors import ConfigError

RANGES = ((0, 1), (-1, 1), (0, 255))
"""Ranges of real numbers that are recognised; the first that holds all numbers is taken."""


class Levels:
    """Converts pictures to uint8.

    uint8 stays, and so do whole numbers of 0 to 255; bool becomes 0 and 255. Real numbers are in
    [0, 1], [-1, 1] or [0, 255]: the first pictures decide, those of the first call, and others must
    have that range.

    Attributes
    ----------
    note
        What was assumed, in words; empty for uint8.
    """

    def __init__(self) -> None:
        self.note = ""
        self._range: tuple[int, int] | None = None

    def __call__(self, pictures: NDArray[Any], first: int) -> NDArray[np.uint8]:
        """Return pictures of `(n, H, W, C)` as uint8; `first` is the number of the first.

        Raises
        ------
        ConfigError
            The numbers have another range than the earlier ones, or none that is recognised.
        """
        kind = pictures.dtype.kind
        if pictures.dtype == np.uint8:
            return pictures
        if kind not in "biuf":
            found = f"pictures of {pictures.dtype}"
            raise ConfigError(f"images: got {found}; expected uint8 or real numbers")
        if kind == "b":
            self.note = "bool, converted to 0 and 255"
            return pictures * np.uint8(255)
        numbers = span(pictures)
        if numbers.broken is not None:
            raise ConfigError(
                f"images: image {first + numbers.broken} has a value that is not a finite number, "
                "such as NaN; leave that image out"
            )
        if kind in "iu":
            if numbers.low < 0 or numbers.high > 255:
                raise _refusal(pictures, numbers)
            return pictures.astype(np.uint8)
        low, high = self._range_of(pictures, numbers, first)
        self.note = f"real numbers in [{low}, {high}], converted to 0 to 255"
        scaled = (np.clip(pictures, low, high) - low) * (255 / (high - low))
        made: NDArray[np.uint8] = np.rint(scaled).astype(np.uint8)
        return made

    def _range_of(self, pictures: NDArray[Any], numbers: Span, first: int) -> tuple[int, int]:
        """Return the range of real numbers."""
        possible = RANGES if self._range is None else (self._range,)
        for low, high in possible:
            margin = ROUNDING * (high - low)
            if low - margin <= numbers.low and numbers.high <= high + margin:
                self._range = low, high
                return low, high
        if self._range is None:
            raise _refusal(pictures, numbers)
        low, high = self._range
        raise ConfigError(
            f"images: those from number {first} on have values from {numbers.low:.6g} to "
            f"{numbers.high:.6g}; the earlier ones are in [{low}, {high}]; give uint8"
        )


def _refusal(pictures: NDArray[Any], numbers: Span) -> ConfigError:
    found = f"{pictures.dtype} from {numbers.low:.6g} to {numbers.high:.6g}"
    return ConfigError(
        f"images: got {found}; expected uint8, or real numbers in [0, 1], [-1, 1] or [0, 255]; "
        f"give {to_uint8_expression(pictures.dtype, numbers)}"
    )
