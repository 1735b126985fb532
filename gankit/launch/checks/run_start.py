"""A run before its first step, as the warnings of misuse check it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from gankit.contract import AnyLabels, Problem, Trainer


@dataclass(frozen=True)
class Start:
    """A run before its first step.

    Attributes
    ----------
    images
        `(N, height, width, channels)` uint8, or real numbers in [-1, 1].
    labels
        `(N,)` classes, or None.
    batch
        Images per update.
    """

    problem: Problem
    trainer: Trainer
    images: NDArray[Any]
    labels: AnyLabels | None
    batch: int
