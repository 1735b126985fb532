"""A run, once it is there: what it learned, and what can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gankit.backend import Array, Generator, Problem, Trainer
from gankit.randomness import Stream, check_seed, generator
from gankit.training import check_count

if TYPE_CHECKING:
    from gankit.config import TrainConfig

CHUNK = 1024
"""Images made in one call of the generator, so that memory stays flat."""


@dataclass(frozen=True)
class Run:
    """A generator and a discriminator, trained.

    Attributes
    ----------
    problem, trainer
        What was built, and the backend's trainer of it.
    step
        Rounds done.
    history
        `(rounds, 2)` float64: the discriminator's and the generator's loss of every round.
    config, folder
        What was asked for and where it lies; None for a run of `gankit.fit` in memory.
    """

    problem: Problem
    trainer: Trainer
    step: int
    history: Array = field(repr=False)
    config: TrainConfig | None = field(default=None, repr=False)
    folder: Path | None = None

    @property
    def generator(self) -> Generator:
        """The generator to sample: the average where one is kept."""
        return self.trainer.average or self.trainer.generator

    def sample(self, n: int, seed: int = 0) -> Array:
        """Make `n` images.

        Parameters
        ----------
        n
            How many, at least 1.
        seed
            Which: the same seed gives the same noise, and more of it for a larger `n`.

        Returns
        -------
        Array
            `(n, height, width, channels)` in [-1, 1].
        """
        noise = latents(n, self.problem.latent, seed)
        chunks = [self.generator(noise[i : i + CHUNK]) for i in range(0, n, CHUNK)]
        return np.concatenate(chunks)


def latents(n: int, latent: int, seed: int) -> Array:
    """Return `(n, latent)` float32 standard normal numbers, a pure function of the seed."""
    check_count("the number of images", n)
    check_seed(seed)
    return generator(seed, Stream.SAMPLE).standard_normal((n, latent), np.float32)
