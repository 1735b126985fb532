"""Clauses on optimizers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from gankit.contract import Array, Backend, Batch, Problem, State, Trainer, strip_prefix
from gankit.layers import BatchNorm, Dense, Flatten, LeakyReLU, is_running
from gankit.optimizers import SGD, Adam, Optimizer, RMSprop
from gankit.testing.agreement import assert_close
from gankit.testing.capability_problems import BETA2_SCHEDULE
from gankit.testing.clauses.updates import run_update
from gankit.testing.harness import ready, supported
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.problems import bound
from gankit.testing.rgb import rgb_problem, rgb_setup

RATES = ((0.02, 0.9), (0.03, 0.99), (0.01, 0.5))
"""Learning rate, and Adam's beta2, of each update."""
OPTIMIZERS: dict[str, Optimizer] = {
    "adam": Adam(0.1, beta1=0.5, beta2=BETA2_SCHEDULE, epsilon=1e-2),
    "rmsprop": RMSprop(0.1, decay=0.9, epsilon=1e-2),
    "rmsprop-clipped": RMSprop(0.1, decay=0.9, epsilon=1e-2, clip=0.05),
    "sgd-clipped": SGD(0.1, clip=0.05),
}


@level("numerics")
class OptimizerClauses:
    """Optimizers: each update matches its formula, with the batch's scalars.

    The gradients are measured with an update of SGD from the same weights with the same batch.
    """

    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_every_optimizer_matches_its_formula(self, backend: Backend, name: str) -> None:
        """Weights and moments match the optimizer's formula after each update.

        Epsilon is added to the root; learning rate and beta2 are the batch's. A clip follows the
        update, and bounds every weight of the network, but no running state.
        """
        trainer = ready(backend, problem := problem_with_optimizer(backend, OPTIMIZERS[name]))
        plain = ready(backend, replace(problem, discriminator_optimizer=SGD(1.0)))
        moments = {k: Moments(w) for k, w in weights_of(trainer).items()}
        for number, (rate, beta2) in enumerate(RATES):
            batch = with_rates(rgb_setup(problem).batch(number), rate, beta2)
            old, gradients = weights_of(trainer), gradient(plain, trainer, batch)
            run_update(trainer, "discriminator", batch)
            updates = {k: moments[k].update(OPTIMIZERS[name], gradients[k], beta2) for k in old}
            wanted = {k: clipped(OPTIMIZERS[name], w - rate * updates[k]) for k, w in old.items()}
            assert_close(weights_of(trainer), wanted, 10 * bound(problem))
            second = strip_prefix(trainer.state(), "optimizer/discriminator/v")
            assert_close(second, {k: moments[k].v for k in second}, 10 * bound(problem))
        assert_same_running_state(plain, trainer)


@dataclass
class Moments:
    """An optimizer's moments of one weight."""

    weight: Array
    m: Array = field(init=False)
    v: Array = field(init=False)
    t: int = 0

    def __post_init__(self) -> None:
        """Start at zero."""
        self.m, self.v = np.zeros_like(self.weight), np.zeros_like(self.weight)

    def update(self, optimizer: Optimizer, g: Array, beta2: float) -> Array:
        """Add a gradient; return the update of the weight at rate 1."""
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


def problem_with_optimizer(backend: Backend, optimizer: Optimizer) -> Problem:
    """Return a problem whose discriminator has `optimizer`, or skip."""
    norm = (BatchNorm(0.9, 1e-2),) if "norm" in backend.capabilities else ()
    layers = (Flatten(), Dense(8, bias=False), *norm, LeakyReLU(0.2), Dense(1))
    problem = rgb_problem(backend, TO_IMAGE, layers, discriminator_optimizer=optimizer)
    return supported(backend, problem)


def with_rates(batch: Batch, rate: float, beta2: float) -> Batch:
    """Return the batch with this learning rate and, if it has beta2, this beta2."""
    own = {"discriminator/learning_rate": rate, "discriminator/beta2": beta2}
    known = {name: own[name] for name in own if name in batch.scalars}
    return replace(batch, scalars={**batch.scalars, **known})


def weights_of(trainer: Trainer) -> State:
    """Return the discriminator's weights, without running state."""
    arrays = trainer.discriminator.weights()
    return {name: array for name, array in arrays.items() if not is_running(name)}


def gradient(plain: Trainer, trainer: Trainer, batch: Batch) -> State:
    """Return the gradient at the weights of `trainer`, from an SGD update of `plain` at rate 1."""
    plain.discriminator.load_weights(trainer.discriminator.weights())
    old = weights_of(plain)
    run_update(plain, "discriminator", with_rates(batch, 1.0, 0.0))
    return {name: old[name] - new for name, new in weights_of(plain).items()}


def clipped(optimizer: Optimizer, weight: Array) -> Array:
    """Return a weight, clipped if the optimizer clips."""
    return weight if optimizer.clip is None else np.clip(weight, -optimizer.clip, optimizer.clip)


def assert_same_running_state(wanted: Trainer, found: Trainer) -> None:
    """Fail unless both discriminators have the same running state, except for rounding."""
    ends = [trainer.discriminator.weights() for trainer in (found, wanted)]
    own = [{name: end[name] for name in end if is_running(name)} for end in ends]
    assert_close(own[0], own[1], 1e-6)
