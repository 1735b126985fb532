"""Scalars that change during a run, as functions of the number of images seen.

>>> Schedule("cosine", start=1.0, end=0.0, images=1000).at(500)
0.5
>>> value(0.1, images_seen=500)
0.1
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from gankit._utils.field_types import check_fields
from gankit._utils.known_arguments import known_arguments
from gankit._utils.plain_numbers import number, plain_numbers
from gankit.errors import ConfigError


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Schedule:
    """A value that goes from `start` to `end` over the first `images` images, then stays at `end`.

    With a = start, b = end, N = images, and n the images seen before a step:

        linear  v(n) = a + (b - a) * n / N
        cosine  v(n) = a + (b - a) * (1 - cos(pi * n / N)) / 2      Loshchilov & Hutter 2017

    Attributes
    ----------
    schedule
        "linear" or "cosine".
    start, end
        First and last value.
    images
        Images until `end` is reached, above 0: steps times images per step.
    """

    schedule: Literal["linear", "cosine"]
    start: float
    end: float
    images: float

    def __post_init__(self) -> None:
        """Raise ConfigError for values of the wrong type, and unless `images` is positive."""
        check_fields(self, "schedule")
        if not self.images > 0:
            raise ConfigError(f"schedule.images: got {self.images}; expected above 0")

    def at(self, images_seen: float) -> float:
        """Return the value once `images_seen` images have been seen."""
        share = min(float(number(images_seen)) / self.images, 1.0)
        if self.schedule == "cosine":
            share = 0.5 * (1 - math.cos(math.pi * share))
        return self.start + (self.end - self.start) * share


Rate: TypeAlias = float | Schedule
"""A number, or a schedule."""


def value(rate: Rate, images_seen: float) -> float:
    """Return the value of `rate` once `images_seen` images have been seen."""
    return rate.at(images_seen) if isinstance(rate, Schedule) else float(number(rate))


def ends(rate: Rate) -> tuple[float, float]:
    """Return the first and the last value of `rate`; all others are between them."""
    return (rate.start, rate.end) if isinstance(rate, Schedule) else (rate, rate)


def check_rate(name: str, rate: Rate, *, zero: bool = True) -> None:
    """Raise ConfigError unless all values of `rate` are finite and at least 0.

    Without `zero`, a constant 0 is refused too.
    """
    first, last = ends(rate)
    least = "at least 0" if zero else "above 0"
    finite = 0 <= first < math.inf and 0 <= last < math.inf
    if not finite or (rate == 0 and not zero):
        raise ConfigError(f"{name}: got {rate}; expected a finite number, {least}")
