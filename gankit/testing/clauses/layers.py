"""Clauses on layers."""

from __future__ import annotations

import pytest

from gankit.contract import Backend, Problem, State, Trainer
from gankit.testing.agreement import assert_close
from gankit.testing.clauses.networks import noise
from gankit.testing.harness import possible, ready, reference
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import PAIRS
from gankit.testing.problems import AVERAGE, bound
from gankit.testing.rgb import CLASSES, coloured, rgb_setup


@level("numerics")
class LayerClauses:
    """Layers: convolutions, normalisations, classes and residual blocks, as far as claimed.

    The images are small, coloured and not square; no bias precedes a batch normalisation.
    """

    @pytest.mark.parametrize("pair", PAIRS)
    def test_every_pair_follows_the_reference(self, backend: Backend, pair: str) -> None:
        """A pair of networks with these layers gives the reference's numbers.

        In training, for three steps, and when all networks are called after that.
        """
        problem = possible(backend, paired(backend, pair))
        found, wanted = (trained(ready(b, problem), problem) for b in (backend, reference()))
        assert_close(found, wanted, bound(problem))


def paired(backend: Backend, pair: str) -> Problem:
    """Return the problem with one of the `PAIRS`."""
    generator, discriminator = PAIRS[pair]
    average = AVERAGE if "average" in backend.capabilities else None
    return coloured(backend, generator, discriminator, classes=CLASSES, average=average)


def trained(trainer: Trainer, problem: Problem) -> State:
    """Train for three steps; return losses, state, and what the networks answer then."""
    losses = rgb_setup(problem).updates(trainer, 0, 3)
    return {"losses": losses} | trainer.state() | answers(trainer, problem)


def answers(trainer: Trainer, problem: Problem) -> State:
    """Return what the networks make of noise and images, and of their classes."""
    z, batch = noise(problem, 16), rgb_setup(problem).batch()
    mean = {"average": trainer.average(z, batch.labels)} if trainer.average else {}
    return mean | {
        "images": trainer.generator(z, batch.labels),
        "logits": trainer.discriminator(batch.real, batch.labels),
    }
