"""The image sizes that convolutional families make: both sides are s * 2^k, s from 3 to 7.

A generator starts from a map of s by s pixels and doubles its sides k times. DCGAN (Radford et al.
2015) starts from 4x4 for 64x64; SN-GAN (Miyato et al. 2018, table 3) from 4x4 for 32x32 and from
6x6 for 48x48; usual networks for MNIST from 7x7.

>>> doublings((28, 28)), doublings((48, 64))
(Doublings(count=2, height=7, width=7), Doublings(count=4, height=3, width=4))
>>> neighbours((50, 50)), neighbours((60, 40))
([(48, 48), (56, 56)], [(56, 40), (64, 48)])
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from gankit.errors import ConfigError

Size: TypeAlias = tuple[int, int]

STARTS = range(3, 8)
"""Sides of the smallest map."""
LEAST = 16
"""The smallest side of an image."""
MOST_DOUBLINGS = 11
"""The largest side is 7 * 2^11, more than an image may have."""


@dataclass(frozen=True)
class Doublings:
    """How often a generator doubles the sides of its smallest map, and the sides of that map."""

    count: int
    height: int
    width: int


def doublings(size: Size) -> Doublings:
    """Return the fewest doublings that make `size`, a height and width in pixels.

    Raises
    ------
    ConfigError
        No number of doublings makes it; the message names the two nearest sizes.
    """
    found = _doublings(size)
    if found is None:
        one, other = map(described, neighbours(size))
        raise ConfigError(
            f"image size: got {described(size)}; expected sides of s * 2^k pixels, with s from "
            f"3 to 7 and the same k, from {LEAST} up; the nearest are {one} and {other}"
        )
    return found


def makes(size: Size) -> bool:
    """Return whether convolutional families make images of this height and width."""
    return _doublings(size) is not None


def neighbours(size: Size) -> list[Size]:
    """Return the two sizes nearest to one that cannot be made, squares for a square."""
    height, width = size
    sizes = _squares() if height == width else _sizes()
    below = [one for one in sizes if one[0] <= height and one[1] <= width]
    above = [one for one in sizes if one[0] >= height and one[1] >= width]
    sides = [_nearest(size, ones) for ones in (below, above) if ones]
    others = sorted((one for one in sizes if one not in sides), key=lambda one: _gap(size, one))
    return sorted([*sides, *others][:2])


def nearest(size: Size, most: int) -> Size:
    """Return the size nearest to a height and width, scaled down to sides of at most `most`.

    >>> nearest((218, 178), 64), nearest((100, 100), 64), nearest((30, 30), 64)
    ((64, 48), (64, 64), (28, 28))
    """
    return _nearest(within(size, most), [one for one in _sizes() if max(one) <= most])


def within(size: Size, most: int) -> Size:
    """Return a height and width scaled down, in proportion, to sides of at most `most`."""
    scale = min(1.0, most / max(size))
    height, width = (max(1, round(side * scale)) for side in size)
    return height, width


def described(size: Size) -> str:
    """Return a height and width as text, as `--size` takes it: "48x64"."""
    return "{}x{}".format(*size)


def _doublings(size: Size) -> Doublings | None:
    if min(size) < LEAST:
        return None
    for count in range(MOST_DOUBLINGS + 1):
        (height, over), (width, beyond) = (divmod(side, 2**count) for side in size)
        if not over and not beyond and height in STARTS and width in STARTS:
            return Doublings(count, height, width)
    return None


@cache
def _sizes() -> list[Size]:
    """Return every size, without repeats."""
    made = {
        (height * 2**count, width * 2**count)
        for count in range(MOST_DOUBLINGS + 1)
        for height in STARTS
        for width in STARTS
    }
    return sorted(size for size in made if min(size) >= LEAST)


@cache
def _squares() -> list[Size]:
    return [size for size in _sizes() if size[0] == size[1]]


def _gap(size: Size, other: Size) -> int:
    return abs(size[0] - other[0]) + abs(size[1] - other[1])


def _nearest(size: Size, sizes: list[Size]) -> Size:
    """Return the nearest size; the smaller of two at the same distance."""
    return min(sizes, key=lambda one: (_gap(size, one), one))
