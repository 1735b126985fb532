"""Clauses on the averaged generator."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Backend, Generator, Problem, Trainer, strip_prefix
from gankit.testing.agreement import assert_close, assert_identical
from gankit.testing.clauses.networks import noise
from gankit.testing.clauses.updates import take, with_rate
from gankit.testing.harness import Setup, ready, require
from gankit.testing.level_marks import level
from gankit.testing.problems import bound, full

Images = NDArray[np.uint8]


@level("protocol")
class AverageClauses:
    """The average: a third network, which follows the generator (capability "average")."""

    def test_has_an_average_only_when_asked(self, backend: Backend) -> None:
        """A problem without an average gives a trainer whose average is None, and no such state."""
        trainer = ready(backend, full(backend, average=None))
        assert trainer.average is None
        assert strip_prefix(trainer.state(), "average") == {}

    def test_average_begins_as_the_generator(self, backend: Backend) -> None:
        """The average starts with the generator's weights."""
        trainer = ready(backend, averaging(backend))
        assert_identical(average_of(trainer).weights(), trainer.generator.weights())

    @pytest.mark.parametrize("beta", [0.0, 0.25, 1.0])
    def test_averages_by_the_batchs_share(
        self, backend: Backend, images: Images, beta: float
    ) -> None:
        """A generator update makes the average beta * average + (1 - beta) * weights.

        The weights are those after the update, and beta is the batch's rate "average".
        """
        trainer = ready(backend, problem := averaging(backend))
        old = average_of(trainer).weights()
        batch = with_rate(Setup(problem, images).batch(), "average", beta)
        take(trainer, "generator", batch)
        new = trainer.generator.weights()
        wanted = {name: beta * old[name] + (1 - beta) * new[name] for name in old}
        assert_close(average_of(trainer).weights(), wanted, bound(problem))

    def test_average_makes_images_of_its_own(self, backend: Backend, images: Images) -> None:
        """The average is a generator: with its weights, the generator makes the same images."""
        trainer = ready(backend, problem := averaging(backend))
        Setup(problem, images).updates(trainer, 0, 3)
        mean = average_of(trainer)
        made, others = mean(noise(problem)), trainer.generator(noise(problem))
        assert not np.array_equal(made, others)
        trainer.generator.load_weights(mean.weights())
        assert_identical({"images": made}, {"images": trainer.generator(noise(problem))})


def averaging(backend: Backend) -> Problem:
    """Return the full problem, or skip if no average is claimed."""
    require(backend, "average")
    return full(backend)


def average_of(trainer: Trainer) -> Generator:
    """Return the average; fail without one."""
    assert trainer.average is not None
    return trainer.average
