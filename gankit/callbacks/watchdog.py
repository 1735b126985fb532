"""Warn of a failing run during training."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._utils import stack_level
from gankit.callbacks.boundaries import never
from gankit.callbacks.training_failures import (
    WINDOW,
    HealthWarning,
    discriminator_won,
    exploding_losses,
    image_spread,
    mode_collapse,
)
from gankit.contract import Array, Problem
from gankit.contract.code_numbers import sample_codes
from gankit.contract.random_streams import Stream, generator
from gankit.training import Progress

BATCH = 64
"""Generated images per check."""
LEAST_STEPS = 100
"""The fewest steps between two checks."""
TIME_SHARE = 0.01
"""The largest share of a run's time for checks."""
COLLAPSE_CHECKS = 2
"""Consecutive checks that must find a collapse: one batch may be unusual."""


def warn(line: str) -> None:
    """Give a `HealthWarning`; the command prints it as a separate line."""
    warnings.warn(line, HealthWarning, stacklevel=stack_level.of_user())


def discard(_step: int, _message: str) -> None:
    """Do nothing."""


class Watchdog:
    """Warns once of mode collapse, of a discriminator that has won, and of exploding losses.

    It changes no number and sets no boundary. The time between checks depends on their cost, so
    that they take at most 1 % of the time.

    Parameters
    ----------
    problem
        The problem of the run.
    images
        `(N, height, width, channels)`, the data set.
    losses
        `(steps, 2)`: the losses of the earlier steps, in a resumed run.
    tell
        Called with each message; by default it gives a `HealthWarning`.
    record
        Called with the step and the message, to save them.
    source
        The sources, if the problem has some; without them the spread is not measured.
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
        record: Callable[[int, str], None] = discard,
        source: NDArray[Any] | None = None,
    ) -> None:
        random = generator(problem.seed, Stream.WATCHDOG)
        chosen = np.sort(random.choice(len(images), min(BATCH, len(images)), replace=False))
        self._real_spread = image_spread(problem.scale(images[chosen]))
        normal = random.standard_normal((BATCH, problem.latent))
        (codes,) = sample_codes(problem.codes, problem.seed, [BATCH])
        noise = np.concatenate([normal, codes], axis=1).astype(problem.precision)
        self._inputs = noise if problem.source is None else _inputs(problem, noise, source)
        self._labels = problem.labels_in_turn(BATCH)
        self._loss, self._tell, self._clock = problem.loss, tell, clock
        self._record = record
        self._losses: Array = np.empty((0, 2)) if losses is None else losses[-WINDOW:]
        self._reported: set[str] = set()
        self._next_step, self._next_time, self._collapses = WINDOW, 0.0, 0

    def next_boundary(self, _step: int, /) -> int:
        """Return `never`."""
        return never

    def __call__(self, progress: Progress, /) -> None:
        """Store the block's losses; check the run if it is due."""
        self._losses = np.concatenate([self._losses, progress.losses])[-WINDOW:]
        began = self._clock()
        if progress.step < self._next_step or began < self._next_time:
            return
        self._check(progress)
        ended = self._clock()
        self._next_step = progress.step + LEAST_STEPS
        self._next_time = ended + (ended - began) / TIME_SHARE

    def _check(self, progress: Progress) -> None:
        step = progress.step
        self._report("exploding losses", step, exploding_losses(self._losses))
        self._report("discriminator won", step, discriminator_won(self._losses, self._loss))
        message = mode_collapse(self._relative_spread(progress))
        self._collapses = self._collapses + 1 if message else 0
        if self._collapses >= COLLAPSE_CHECKS:
            self._report("mode collapse", step, message)

    def _relative_spread(self, progress: Progress) -> float:
        """Return the spread of generated images divided by that of real images."""
        if self._inputs is None:
            return 1.0
        generated = progress.trainer.generator(self._inputs, self._labels)
        return image_spread(generated) / self._real_spread if self._real_spread else 1.0

    def _report(self, failure: str, step: int, message: str | None) -> None:
        """Record and give a message, unless the same failure was reported before."""
        if message and failure not in self._reported:
            self._reported.add(failure)
            self._record(step, message)
            self._tell(f"after step {step}, {message}")


def _inputs(
    problem: Problem, noise: Array, source: NDArray[Any] | None
) -> Array | tuple[Array, ...] | None:
    """Return what the generator takes: sources spread over the set; None without sources."""
    if source is None:
        return None
    spread = np.linspace(0, len(source) - 1, BATCH).astype(np.int64)
    found: Array | tuple[Array, ...]
    found = problem.generator_inputs(noise, problem.scale(np.asarray(source[spread])))
    return found
