"""Clauses on layers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gankit.contract import Backend, Problem, State, Trainer
from gankit.errors import ConfigError
from gankit.layers import Dense, Flatten, MinibatchStd, Tanh
from gankit.testing.agreement import assert_close
from gankit.testing.clauses.networks import noise
from gankit.testing.harness import (
    Setup,
    assert_matches_reference,
    ready,
    reference,
    require,
    supported,
)
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import PAIRS, TO_IMAGE
from gankit.testing.problems import AVERAGE, bound
from gankit.testing.rgb import CLASSES, rgb_problem, rgb_setup


@level("numerics")
class LayerClauses:
    """Layers: convolutions, normalisations, classes and residual blocks, as far as claimed.

    The images are small, RGB and not square; no layer before a batch normalisation has a bias.
    """

    @pytest.mark.parametrize("pair", PAIRS)
    def test_every_network_pair_matches_the_reference(self, backend: Backend, pair: str) -> None:
        """A pair of networks with these layers matches the reference.

        This holds for three steps of training, and for calls of all networks after them.
        """
        problem = supported(backend, pair_problem(backend, pair))
        found, wanted = (trained(ready(b, problem), problem) for b in (backend, reference()))
        assert_close(found, wanted, bound(problem))

    def test_groups_of_a_batch_are_compared(self, backend: Backend) -> None:
        """A minibatch-std compares the images of each group of neighbours in the batch.

        Three steps match the reference. A batch that does not have whole groups is refused with a
        ConfigError.
        """
        require(backend, "minibatch-std")
        setup, split = (of_groups(backend, group) for group in (4, 5))
        assert_matches_reference(backend, setup, 3, bound(setup.problem))
        with pytest.raises(ConfigError):
            split.updates(ready(backend, split.problem), 0, 1)


def of_groups(backend: Backend, group: int) -> Setup:
    """Return batches of 24 images, and a discriminator that compares groups of so many."""
    discriminator = (Flatten(), Dense(6), Tanh(), MinibatchStd(group, momentum=0.5), Dense(1))
    problem = rgb_problem(backend, TO_IMAGE, discriminator)
    return replace(rgb_setup(problem), batch_size=24)


def pair_problem(backend: Backend, pair: str) -> Problem:
    """Return the problem with one of the `PAIRS`."""
    generator, discriminator = PAIRS[pair]
    average = AVERAGE if "average" in backend.capabilities else None
    return rgb_problem(backend, generator, discriminator, classes=CLASSES, average=average)


def trained(trainer: Trainer, problem: Problem) -> State:
    """Train for three steps; return losses, state, and the outputs of the networks."""
    losses = rgb_setup(problem).updates(trainer, 0, 3)
    return {"losses": losses} | trainer.state() | outputs(trainer, problem)


def outputs(trainer: Trainer, problem: Problem) -> State:
    """Return the outputs of the networks for noise and images, with their classes."""
    z, batch = noise(problem, 16), rgb_setup(problem).batch()
    mean = {"average": trainer.average(z, batch.labels)} if trainer.average else {}
    return mean | {
        "images": trainer.generator(z, batch.labels),
        "logits": trainer.discriminator(batch.real, batch.labels),
    }
