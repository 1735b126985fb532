"""Clauses on optimizers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from gankit.contract import Array, Backend, Batch, Problem, State, Trainer, strip_prefix
from gankit.layers import BatchNorm, Dense, Flatten, LeakyReLU, is_running
from gankit.optimizers import SGD, Adam, Optimizer, RMSprop
from gankit.testing.agreement import assert_close
from gankit.testing.capability_problems import MOVING
from gankit.testing.clauses.updates import take
from gankit.testing.harness import possible, ready
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import PAINT
from gankit.testing.problems import bound
from gankit.testing.rgb import coloured, rgb_setup

RATES = ((0.02, 0.9), (0.03, 0.99), (0.01, 0.5))
"""Learning rate, and Adam's beta2, of each update."""
OPTIMIZERS: dict[str, Optimizer] = {
    "adam": Adam(0.1, beta1=0.5, beta2=MOVING, epsilon=1e-2),
    "rmsprop": RMSprop(0.1, decay=0.9, epsilon=1e-2),
    "rmsprop-clipped": RMSprop(0.1, decay=0.9, epsilon=1e-2, clip=0.05),
    "sgd-clipped": SGD(0.1, clip=0.05),
}


@level("numerics")
class OptimizerClauses:
    """Optimizers: updates by their formulas, with the batch's scalars.

    Gradients are measured by an update of SGD from the same weights with the same batch.
    """

    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_updates_by_the_optimizers_formula(self, backend: Backend, name: str) -> None:
        """Each update moves weights and moments by the formula, epsilon added to the root.

        Learning rate and beta2 are the batch's. A clip follows the update; it bounds every weight
        of the network, and no running state.
        """
        trainer = ready(backend, problem := optimized(backend, OPTIMIZERS[name]))
        plain = ready(backend, replace(problem, discriminator_optimizer=SGD(1.0)))
        moments = {k: Moments(w) for k, w in weights_of(trainer).items()}
        for number, (rate, beta2) in enumerate(RATES):
            batch = rated(rgb_setup(problem).batch(number), rate, beta2)
            old, slopes = weights_of(trainer), gradient(plain, trainer, batch)
            take(trainer, "discriminator", batch)
            moves = {k: moments[k].move(OPTIMIZERS[name], slopes[k], beta2) for k in old}
            wanted = {k: clipped(OPTIMIZERS[name], w - rate * moves[k]) for k, w in old.items()}
            assert_close(weights_of(trainer), wanted, 10 * bound(problem))
            kept = strip_prefix(trainer.state(), "optimizer/discriminator/v")
            assert_close(kept, {k: moments[k].v for k in kept}, 10 * bound(problem))
        assert_running_state_is_that_of(plain, trainer)


@dataclass
class Moments:
    """An optimizer's moments of one weight."""

    weight: Array
    m: Array = field(init=False)
    v: Array = field(init=False)
    t: int = 0

    def __post_init__(self) -> None:
        """Begin at zero."""
        self.m, self.v = np.zeros_like(self.weight), np.zeros_like(self.weight)

    def move(self, optimizer: Optimizer, g: Array, beta2: float) -> Array:
        """Add a gradient; return the weight's move at rate 1."""
        self.t += 1
        match optimizer:
            case Adam(beta1=beta1, epsilon=epsilon):
                self.m = beta1 * self.m + (1 - beta1) * g
                self.v = beta2 * self.v + (1 - beta2) * g * g
                m, v = self.m / (1 - beta1**self.t), self.v / (1 - beta2**self.t)
                return np.asarray(m / (np.sqrt(v) + epsilon))
            case RMSprop(decay=decay, epsilon=epsilon):
                self.v = decay * self.v + (1 - decay) * g * g
                return np.asarray(g / (np.sqrt(self.v) + epsilon))
        return g


def optimized(backend: Backend, optimizer: Optimizer) -> Problem:
    """Return a problem whose discriminator learns by `optimizer`, or skip."""
    norm = (BatchNorm(0.9, 1e-2),) if "norm" in backend.capabilities else ()
    judge = (Flatten(), Dense(8, bias=False), *norm, LeakyReLU(0.2), Dense(1))
    return possible(backend, coloured(backend, PAINT, judge, discriminator_optimizer=optimizer))


def rated(batch: Batch, rate: float, beta2: float) -> Batch:
    """Return the batch with these rates for the discriminator, where they are there."""
    own = {"discriminator/learning_rate": rate, "discriminator/beta2": beta2}
    known = {name: own[name] for name in own if name in batch.scalars}
    return replace(batch, scalars={**batch.scalars, **known})


def weights_of(trainer: Trainer) -> State:
    """Return the discriminator's weights, without running state."""
    arrays = trainer.discriminator.weights()
    return {name: array for name, array in arrays.items() if not is_running(name)}


def gradient(plain: Trainer, trainer: Trainer, batch: Batch) -> State:
    """Return the gradient at `trainer`'s weights, as `plain` follows it at rate 1."""
    plain.discriminator.load_weights(trainer.discriminator.weights())
    old = weights_of(plain)
    take(plain, "discriminator", rated(batch, 1.0, 0.0))
    return {name: old[name] - new for name, new in weights_of(plain).items()}


def clipped(optimizer: Optimizer, weight: Array) -> Array:
    """Return a weight after the optimizer's clip."""
    return weight if optimizer.clip is None else np.clip(weight, -optimizer.clip, optimizer.clip)


def assert_running_state_is_that_of(wanted: Trainer, found: Trainer) -> None:
    """Fail unless both discriminators have the same running state, but for rounding."""
    ends = [trainer.discriminator.weights() for trainer in (found, wanted)]
    own = [{name: end[name] for name in end if is_running(name)} for end in ends]
    assert_close(own[0], own[1], 1e-6)
