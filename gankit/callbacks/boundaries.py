"""The steps at which a callback is due."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gankit.errors import ConfigError, shown
from gankit.training import Progress
from gankit.training.progress import check_function

never = sys.maxsize
"""The next boundary of a callback that accepts any blocks."""


def next_multiple(step: int, of: int) -> int:
    """Return the first multiple of `of` after `step`.

    >>> next_multiple(0, 128), next_multiple(127, 128), next_multiple(128, 128)
    (128, 128, 256)
    """
    return (step // of + 1) * of


def at_least_one(name: str, value: int) -> None:
    """Raise ConfigError unless a number of steps, epochs or files is whole and positive."""
    if not isinstance(value, int | np.integer) or value < 1:
        raise ConfigError(f"{name}: got {shown(value)}; expected a whole number, at least 1")


@dataclass(frozen=True)
class Every:
    """Calls `function` after each multiple of `steps` only."""

    steps: int
    function: Callable[[Progress], None]

    def __post_init__(self) -> None:
        """Raise ConfigError unless the interval is at least 1, and the function one of progress."""
        at_least_one("steps", self.steps)
        check_function("function", self.function)

    def next_boundary(self, step: int, /) -> int:
        """Return the next multiple of `steps`."""
        return next_multiple(step, self.steps)

    def __call__(self, progress: Progress, /) -> None:
        """Call the function if it is due."""
        if progress.step % self.steps == 0:
            self.function(progress)


def every(steps: int, function: Callable[[Progress], None]) -> Every:
    """Return the callback that calls `function` after each multiple of `steps`, at least 1.

    The function takes a `gankit.training.Progress`.

    >>> from gankit.training import Progress
    >>> due = every(100, lambda progress: print("step", progress.step))
    >>> due.next_boundary(100)
    200
    """
    return Every(steps, function)
