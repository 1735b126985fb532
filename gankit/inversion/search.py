"""Adam's steps on the noise of many searches side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]
RATE, BETA1, BETA2, EPSILON = 0.1, 0.9, 0.999, 1e-8
"""The learning rate and the other numbers of Adam (Kingma & Ba 2015, Algorithm 1)."""
RAMP_UP, RAMP_DOWN = 0.05, 0.25
"""Shares of the steps in which the learning rate rises from 0, and falls to 0."""
PLATEAU_STEPS, PLATEAU = 20, 0.01
"""A search is on a plateau if its error fell by less than 1 % in 20 steps."""


class Search:
    """Searches side by side, each a row of its own.

    Attributes
    ----------
    noise
        `(rows, latent)`, where the next gradient is taken.
    best, lowest
        The noise with the lowest error so far, and that error, `(rows,)`.
    positions
        `(rows,)` the step in the schedule of the learning rate.
    """

    def __init__(self, noise: Real, steps: int) -> None:
        self.noise, self.best = noise, noise.copy()
        self.lowest = np.full(len(noise), np.inf)
        self.positions = np.zeros(len(noise), np.int64)
        self._steps, self._taken = steps, 0
        self._mean, self._squares = np.zeros_like(noise), np.zeros_like(noise)
        self._marks = self.lowest.copy()

    @property
    def done(self) -> bool:
        """Whether every search has taken its steps."""
        return bool((self.positions >= self._steps).all())

    def move(self, errors: Real, gradient: Real) -> None:
        """Record the errors of the noise, and take a step of Adam against its gradient."""
        better = errors < self.lowest
        self.best[better], self.lowest[better] = self.noise[better], errors[better]
        self._taken += 1
        self._mean += (1 - BETA1) * (gradient - self._mean)
        self._squares += (1 - BETA2) * (gradient**2 - self._squares)
        mean = self._mean / (1 - BETA1**self._taken)
        root = np.sqrt(self._squares / (1 - BETA2**self._taken))
        rates = RATE * learning_rate_share(self.positions, self._steps)
        self.noise = in_ball(self.noise - rates[:, np.newaxis] * mean / (root + EPSILON))
        self.positions = np.minimum(self.positions + 1, self._steps)
        if self._taken % PLATEAU_STEPS == 0:
            self._leave_plateaus()

    def _leave_plateaus(self) -> None:
        """Let the learning rate fall for every search whose error has hardly fallen."""
        flat = self.lowest > (1 - PLATEAU) * self._marks
        falling = int(np.ceil((1 - RAMP_DOWN) * self._steps))
        self.positions[flat] = np.maximum(self.positions[flat], falling)
        self._marks = self.lowest.copy()


def learning_rate_share(positions: NDArray[np.int64], steps: int) -> Real:
    """Return the share of the learning rate at each position, from 0 to `steps`.

    >>> learning_rate_share(np.array([0, 100, 199, 200]), 200).round(3).tolist()
    [0.1, 1.0, 0.001, 0.0]
    """
    up = np.minimum(1.0, (positions + 1) / np.ceil(RAMP_UP * steps))
    down = np.minimum(1.0, (steps - positions) / (RAMP_DOWN * steps))
    share: Real = up * (0.5 - 0.5 * np.cos(np.pi * down))
    return share


def in_ball(noise: Real) -> Real:
    """Return noise with longer rows shortened to the length sqrt(latent).

    >>> in_ball(np.array([[0.0, 4.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]])).tolist()
    [[0.0, 2.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]
    """
    lengths = np.linalg.norm(noise, axis=1, keepdims=True)
    radius = np.sqrt(noise.shape[1])
    inside: Real = noise * (radius / np.maximum(lengths, radius))
    return inside
