"""Clauses on the averaged generator."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Backend, Generator, Problem, Trainer, strip_prefix
from gankit.testing.agreement import assert_close, assert_identical
from gankit.testing.clauses.networks import noise
from gankit.testing.clauses.updates import run_update, with_scalar
from gankit.testing.harness import Setup, ready, require
from gankit.testing.level_marks import level
from gankit.testing.problems import bound, full

Images = NDArray[np.uint8]


@level("protocol")
class AverageClauses:
    """Average: a third network, with averaged weights of the generator (capability "average")."""

    def test_has_an_average_only_if_requested(self, backend: Backend) -> None:
        """Without an average in the problem, `average` is None and the state has no "average/"."""
        trainer = ready(backend, full(backend, average=None))
        assert trainer.average is None
        assert strip_prefix(trainer.state(), "average") == {}

    def test_average_starts_as_the_generator(self, backend: Backend) -> None:
        """The average starts with the generator's weights."""
        trainer = ready(backend, averaged_problem(backend))
        assert_identical(average_of(trainer).weights(), trainer.generator.weights())

    @pytest.mark.parametrize("beta", [0.0, 0.25, 1.0])
    def test_averages_with_the_beta_of_the_batch(
        self, backend: Backend, images: Images, beta: float
    ) -> None:
        """A generator update sets the average to beta * average + (1 - beta) * weights.

        The weights are those after the update; beta is the batch's scalar "average".
        """
        trainer = ready(backend, problem := averaged_problem(backend))
        old = average_of(trainer).weights()
        batch = with_scalar(Setup(problem, images).batch(), "average", beta)
        run_update(trainer, "generator", batch)
        new = trainer.generator.weights()
        wanted = {name: beta * old[name] + (1 - beta) * new[name] for name in old}
        assert_close(average_of(trainer).weights(), wanted, bound(problem))

    def test_average_generates_its_own_images(self, backend: Backend, images: Images) -> None:
        """The average generates the same images as the generator with the average's weights."""
        trainer = ready(backend, problem := averaged_problem(backend))
        Setup(problem, images).updates(trainer, 0, 3)
        mean = average_of(trainer)
        made, others = mean(noise(problem)), trainer.generator(noise(problem))
        assert not np.array_equal(made, others)
        trainer.generator.load_weights(mean.weights())
        assert_identical({"images": made}, {"images": trainer.generator(noise(problem))})


def averaged_problem(backend: Backend) -> Problem:
    """Return the problem `full`, or skip if "average" is not claimed."""
    require(backend, "average")
    return full(backend)


def average_of(trainer: Trainer) -> Generator:
    """Return the average; fail if it is None."""
    assert trainer.average is not None
    return trainer.average
