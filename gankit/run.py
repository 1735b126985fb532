"""A run, once it is there: what it learned, and what can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gankit.backend import Array, Generator, Labels, Problem, Trainer
from gankit.errors import ConfigError
from gankit.problem import check_labels
from gankit.randomness import Stream, check_seed, generator
from gankit.training import check_count

if TYPE_CHECKING:
    from gankit.config import TrainConfig

CHUNK = 1024
"""Images made in one call of the generator, so that memory stays flat."""

NO_CLASSES = "this run's generator knows no classes; train a recipe that does, such as cgan"


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

    def sample(self, n: int, seed: int = 0, labels: int | Labels | None = None) -> Array:
        """Make `n` images.

        Parameters
        ----------
        n
            How many, at least 1.
        seed
            Which: the same seed gives the same noise, and more of it for a larger `n`.
        labels
            `(n,)` classes, or one for all; by default each in its turn. Only for networks that
            look at classes.

        Returns
        -------
        Array
            `(n, height, width, channels)` in [-1, 1].
        """
        noise = latents(n, self.problem.latent, seed)
        classes = self._labels(n, labels)
        chunks = (slice(i, i + CHUNK) for i in range(0, n, CHUNK))
        made = [self.generator(noise[c], None if classes is None else classes[c]) for c in chunks]
        return np.concatenate(made)

    def each_class(self, n: int) -> Labels:
        """Return `(classes * n,)` labels, `n` of each class; ConfigError where there are none."""
        if not self.problem.told_classes:
            raise ConfigError(NO_CLASSES)
        check_count("the number of images", n)
        return np.repeat(np.arange(self.problem.told_classes), n)

    def _labels(self, n: int, labels: int | Labels | None) -> Labels | None:
        """Return the class of each of `n` images, checked; None where there are no classes."""
        count = self.problem.told_classes
        if not count:
            if labels is not None:
                raise ConfigError(NO_CLASSES)
            return None
        if labels is None:
            return np.arange(n) % count
        classes = np.full(n, labels) if np.ndim(labels) == 0 else np.asarray(labels)
        check_labels(classes, n, count)
        return classes.astype(np.int64)


def latents(n: int, latent: int, seed: int) -> Array:
    """Return `(n, latent)` float32 standard normal numbers, a pure function of the seed."""
    check_count("the number of images", n)
    check_seed(seed)
    return generator(seed, Stream.SAMPLE).standard_normal((n, latent), np.float32)
