"""Check a run for symptoms of failure during training."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.callbacks import symptoms
from gankit.callbacks.boundaries import never
from gankit.callbacks.symptoms import HealthWarning
from gankit.contract import Array, Labels, Problem
from gankit.contract.random_streams import Stream, generator
from gankit.training import Progress

BATCH = 64
LEAST_STEPS = 100
"""The fewest steps between two checks."""
TIME_SHARE = 0.01
"""The largest share of a run's time for checks."""
COLLAPSE_CHECKS = 2
"""Consecutive checks that must find a collapse: one batch may be unusual."""


def warn(line: str) -> None:
    """Warn; the command prints it as a separate line."""
    warnings.warn(line, HealthWarning, stacklevel=2)


def forget(_step: int, _found: str) -> None:
    """Do nothing."""


class Watchdog:
    """Warns, once each, of mode collapse, of a discriminator that has won, of exploding losses.

    It changes no number and sets no boundary. The time between checks depends on their cost, so
    that they take at most 1 % of the time.

    Parameters
    ----------
    problem
        The problem that is trained.
    images
        `(N, height, width, channels)`, the data set.
    losses
        `(steps, 2)` of the steps before, in a resumed run.
    tell
        Called with each warning; by default it is a `HealthWarning`.
    record
        Called with the step and the warning, to save it.
    clock
        Returns seconds.
    """

    def __init__(
        self,
        problem: Problem,
        images: NDArray[Any],
        losses: Array | None = None,
        tell: Callable[[str], None] = warn,
        clock: Callable[[], float] = time.perf_counter,
        record: Callable[[int, str], None] = forget,
    ) -> None:
        random = generator(problem.seed, Stream.WATCHDOG)
        chosen = np.sort(random.choice(len(images), min(BATCH, len(images)), replace=False))
        self._reals = symptoms.spread(problem.scale(images[chosen]))
        self._noise = random.standard_normal((BATCH, problem.latent)).astype(problem.precision)
        self._labels = _in_turn(problem.generator_classes)
        self._loss, self._tell, self._clock = problem.loss, tell, clock
        self._record = record
        self._losses: Array = np.empty((0, 2)) if losses is None else losses[-symptoms.WINDOW :]
        self._told: set[str] = set()
        self._next_step, self._next_time, self._alike = symptoms.WINDOW, 0.0, 0

    def next_boundary(self, _step: int, /) -> int:
        """Return `never`."""
        return never

    def __call__(self, progress: Progress, /) -> None:
        """Store the block's losses; check the run if it is due."""
        self._losses = np.concatenate([self._losses, progress.losses])[-symptoms.WINDOW :]
        began = self._clock()
        if progress.step < self._next_step or began < self._next_time:
            return
        self._look(progress)
        ended = self._clock()
        self._next_step = progress.step + LEAST_STEPS
        self._next_time = ended + (ended - began) / TIME_SHARE

    def _look(self, progress: Progress) -> None:
        step = progress.step
        self._say("explosion", step, symptoms.explosion(self._losses))
        self._say("defeat", step, symptoms.defeat(self._losses, self._loss))
        found = symptoms.collapse(self._share(progress))
        self._alike = self._alike + 1 if found else 0
        if self._alike >= COLLAPSE_CHECKS:
            self._say("collapse", step, found)

    def _share(self, progress: Progress) -> float:
        """Return the spread of generated images relative to the data's."""
        made = progress.trainer.generator(self._noise, self._labels)
        return symptoms.spread(made) / self._reals if self._reals else 1.0

    def _say(self, symptom: str, step: int, found: str | None) -> None:
        if found and symptom not in self._told:
            self._told.add(symptom)
            self._record(step, found)
            self._tell(f"after step {step}, {found}")


def _in_turn(classes: int) -> Labels | None:
    return np.arange(BATCH) % classes if classes else None
