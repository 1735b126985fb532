"""Codes: columns of the noise with a meaning, which a head of the discriminator can recognise.

They follow the `latent` normal numbers, in the order of the settings: InfoGAN (Chen et al. 2016).

    categorical   one-hot, each of `size` categories with the same probability
    uniform       `size` numbers in [-1, 1)
    normal        `size` standard normal numbers
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from gankit._utils.counts import MOST_COUNT
from gankit._utils.field_types import check_fields
from gankit._utils.known_arguments import known_arguments
from gankit._utils.plain_numbers import plain_numbers
from gankit.errors import ConfigError, shown

Kind = Literal["categorical", "uniform", "normal"]
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
"""The names of codes and of heads."""


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Code:
    """One code of the noise.

    Attributes
    ----------
    name
        Its name: a letter, then letters, digits, "-" and "_".
    kind
        "categorical", "uniform" or "normal".
    size
        Its number of columns, for a categorical code the number of categories, at least 2; 1 by
        default.
    """

    name: str
    kind: Kind
    size: int = 1

    def __post_init__(self) -> None:
        """Raise ConfigError for values of the wrong type or range."""
        check_fields(self, "code")
        check_name("code.name", self.name)
        least = 2 if self.kind == "categorical" else 1
        if not least <= self.size <= MOST_COUNT:
            raise ConfigError(
                f"code.size: got {self.size}; expected at least {least} of a {self.kind} code"
            )


def check_name(place: str, name: str) -> None:
    """Raise ConfigError unless `name` can be typed."""
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{place}: got {shown(name)}; expected a letter, then letters, digits, '-' and '_'"
        )


def width(codes: Iterable[Code]) -> int:
    """Return the number of columns of all codes."""
    return sum(code.size for code in codes)


def columns(sizes: Iterable[tuple[str, int]], start: int) -> dict[str, slice]:
    """Return the columns of parts of these names and sizes, one after the other from `start`.

    >>> columns([("digit", 10), ("slant", 2)], 1)
    {'digit': slice(1, 11, None), 'slant': slice(11, 13, None)}
    """
    found = {}
    for name, size in sizes:
        found[name] = slice(start, start + size)
        start += size
    return found
