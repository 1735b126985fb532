"""Clauses on gradient penalties, compared with finite differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pytest

from gankit.contract import Array, Backend, Batch, Problem, State, Trainer, add_prefix, strip_prefix
from gankit.contract.random_streams import Role, dropout_mask, keep_chance
from gankit.layers import (
    Conv,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Projection,
    Sigmoid,
    Spec,
    Tanh,
    walk,
)
from gankit.penalties import Penalty
from gankit.testing.agreement import assert_close, assert_identical
from gankit.testing.clauses.running_state import quiet
from gankit.testing.clauses.updates import assert_losses_close, take, with_rate
from gankit.testing.harness import assert_follows_the_reference, possible, ready, require
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import PAINT
from gankit.testing.rgb import CLASSES, VALUES, coloured, rgb_setup

Judge: TypeAlias = Callable[[Array], Array]
Each: TypeAlias = Callable[[int, Array], Array]
WEIGHT = 3.0
SMOOTH: dict[str, Spec] = {
    "dense": (Flatten(), Dense(8), Tanh(), Dense(1)),
    "conv": (Conv(4, kernel=3, stride=2, padding=1), Sigmoid(), Flatten(), Dense(1, gain=3)),
}
"""Discriminators without a kink, for differences to be exact."""
PENALTIES = {
    "dense": (
        Penalty("real", target=0, weight=1.0),
        Penalty("fake", target=0, weight=1.0),
        Penalty("between", target=1, weight=1.0, epsilon=0.01),
        Penalty("around", target=1, weight=1.0, epsilon=0.01),
    ),
    "conv": (
        Penalty("real", target=1, weight=1.0, epsilon=0.01),
        Penalty("fake", target=1, weight=1.0, epsilon=0.01),
        Penalty("between", target=0, weight=1.0),
        Penalty("around", target=0, weight=1.0),
    ),
}
CASES = [
    pytest.param(kind, number, id=f"{kind}-{penalty.where}-{penalty.target}")
    for kind, penalties in PENALTIES.items()
    for number, penalty in enumerate(penalties)
]
MASKED: Spec = (Flatten(), Dense(8), Tanh(), Dropout(0.3), Dense(1))
"""A discriminator with dropout; its slopes are those with the same mask."""
TRAINING: dict[str, Spec] = {
    "spectral": (Flatten(), Dense(8, spectral=True), Tanh(), Dense(1, gain=3.0, spectral=True)),
    "dropout": MASKED,
    "labels": (Embedding(2, gain=0.5), Flatten(), Dense(8), Tanh(), Projection()),
}
"""Discriminators that behave differently in training, or are class-conditional."""
each_training = pytest.mark.parametrize("kind", TRAINING)
each_penalty = pytest.mark.parametrize(("kind", "number"), CASES)


@level("numerics")
class PenaltyClauses:
    """Penalties: the discriminator's loss grows with its slope (capability "input-gradients").

    Slopes are measured by central differences of the discriminator as it is called, in float64,
    each image's by itself.
    """

    @each_penalty
    def test_a_penalty_is_its_formula(self, backend: Backend, kind: str, number: int) -> None:
        """The loss with a penalty, less the loss without, is the batch's weight times its formula.

        This holds for every place of the gradient and either target, within 1e-7.
        """
        trainer = ready(backend, problem := steep(backend, kind))
        rgb_setup(problem).updates(trainer, 0, 1)
        batch, penalty = rgb_setup(problem).batch(1), problem.penalties[number]
        found = cost(trainer, batch, number)
        gradients = slopes(trainer.discriminator, points(trainer, penalty, number, batch))
        assert_losses_close(found, WEIGHT * formula(penalty, gradients), 1e-7)

    @each_penalty
    def test_a_penalty_moves_weights_by_its_gradient(
        self, backend: Backend, kind: str, number: int
    ) -> None:
        """A penalty moves the weights by its own gradient, measured by differences of the loss.

        Fakes are constants in it: it moves only the discriminator, in its update.
        """
        trainer = ready(backend, problem := steep(backend, kind))
        batch, first = rgb_setup(problem).batch(), trainer.state()
        ways = some_way(strip_prefix(first, "discriminator"))
        found = sum(np.sum(ways[k] * move) for k, move in pull(trainer, batch, number).items())
        costs = []
        for step in (1e-5, -1e-5):
            nudged = {
                k: w + step * ways[k] for k, w in strip_prefix(first, "discriminator").items()
            }
            trainer.load_state({**first, **add_prefix("discriminator", nudged)})
            costs.append(cost(trainer, batch, number))
        assert_losses_close(float(found), (costs[0] - costs[1]) / 2e-5, 1e-6)

    @pytest.mark.parametrize("kind", PENALTIES)
    def test_penalties_follow_the_reference(self, backend: Backend, kind: str) -> None:
        """Penalties give the reference's losses and weights, within 1e-9 after three steps."""
        assert_follows_the_reference(backend, rgb_setup(steep(backend, kind)), 3, 1e-9)

    @each_training
    def test_a_penalty_sees_the_network_in_training(self, backend: Backend, kind: str) -> None:
        """A penalty's slope is that of the network in training, with dropout, norm and classes.

        Dropout has the masks of the penalty's own pass, spectral norm the vector after one power
        iteration, and each image its own label; within 1e-7 of the formula.
        """
        trainer = ready(backend, problem := trained(backend, kind))
        rgb_setup(problem).updates(trainer, 0, 1)
        batch = rgb_setup(problem).batch(1)
        state = strip_prefix(trainer.state(), "discriminator")
        for number, penalty in enumerate(problem.penalties):
            found = cost(trainer, batch, number)
            judge = in_training(trainer, problem, state, batch, number)
            gradients = slopes_each(judge, points(trainer, penalty, number, batch))
            assert_losses_close(found, WEIGHT * formula(penalty, gradients), 1e-7)

    @each_training
    def test_a_penalty_in_training_follows_the_reference(self, backend: Backend, kind: str) -> None:
        """With dropout, spectral norm or classes, three steps are the reference's within 1e-9."""
        assert_follows_the_reference(backend, rgb_setup(trained(backend, kind)), 3, 1e-9)

    def test_a_penalty_that_is_not_due_changes_nothing(self, backend: Backend) -> None:
        """If the batch's weight of a penalty is 0, no bit depends on it.

        The update is that of the problem without penalties.
        """
        trainer = ready(backend, problem := steep(backend, "dense"))
        batch, first, ends = quiet(rgb_setup(problem).batch()), trainer.state(), []
        others = {name: 1 - draw for name, draw in batch.random.items()}
        for given in (batch, replace(batch, random=others)):
            trainer.load_state(first)
            loss = np.array(take(trainer, "discriminator", given))
            ends.append(trainer.state() | {"loss": loss})
        assert_identical(*ends)
        plain = replace(problem, penalties=())
        other = ready(backend, plain)
        loss = np.array(take(other, "discriminator", rgb_setup(plain).batch()))
        assert_close(ends[0], other.state() | {"loss": loss}, 1e-12)

    @pytest.mark.parametrize("number", [2, 3])
    def test_a_flat_discriminator_can_be_penalised(self, backend: Backend, number: int) -> None:
        """If the gradient is 0, epsilon keeps the root's slope finite, and so the weights."""
        trainer = ready(backend, problem := steep(backend, "dense"))
        flat = {k: np.zeros_like(w) for k, w in trainer.discriminator.weights().items()}
        trainer.discriminator.load_weights(flat)
        penalty = problem.penalties[number]
        wanted = WEIGHT * (np.sqrt(penalty.epsilon) - penalty.target) ** 2
        assert_losses_close(cost(trainer, rgb_setup(problem).batch(), number), wanted, 1e-9)
        take(trainer, "discriminator", weighted(rgb_setup(problem).batch(), number))
        assert all(np.isfinite(w).all() for w in trainer.discriminator.weights().values())


def steep(backend: Backend, kind: str) -> Problem:
    """Return a float64 problem with four penalties, or skip."""
    require(backend, "float64")
    problem = coloured(backend, PAINT, SMOOTH[kind], penalties=PENALTIES[kind])
    return possible(backend, problem)


def trained(backend: Backend, kind: str) -> Problem:
    """Return a float64 problem with four penalties on a network of `TRAINING`, or skip."""
    require(backend, "float64")
    problem = coloured(
        backend, PAINT, TRAINING[kind],
        penalties=PENALTIES["dense"], classes=CLASSES if kind == "labels" else 0,
    )  # fmt: skip
    return possible(backend, problem)


def in_training(
    trainer: Trainer, problem: Problem, state: State, batch: Batch, number: int
) -> Each:
    """Return a function of an image's place in the batch, and of images to put in that place.

    It makes `(n,)` logits as the discriminator does in the pass of the `number`-th penalty.
    """
    labels = batch.labels
    if labels is not None:
        return lambda i, images: trainer.discriminator(images, np.full(len(images), labels[i]))
    weights = {name: one_iteration_on(state, name) for name in state if name.endswith("kernel")}
    first, last = sorted(weights)
    mask = np.ones((len(batch.real), weights[first].shape[1]))
    for place in walk(problem.discriminator, problem.image_shape):
        if isinstance(place.layer, Dropout):
            where = Role.DISCRIMINATOR, place.number, mask.shape, place.layer.rate, number + 1
            mask = dropout_mask(batch.key, *where) / keep_chance(place.layer.rate)

    def judge(i: int, images: Array) -> Array:
        rows = images.reshape(len(images), -1)
        hidden = np.tanh(rows @ weights[first] + state[first.replace("kernel", "bias")])
        made = (hidden * mask[i]) @ weights[last] + state[last.replace("kernel", "bias")]
        return np.asarray(made[:, 0])

    return judge


def one_iteration_on(state: State, name: str) -> Array:
    """Return a kernel as training uses it: under spectral norm over |W u|, u one iteration on."""
    kernel, u = state[name], state.get(f"{name}_u")
    if u is None:
        return kernel
    left = kernel @ u
    u = kernel.T @ (left / np.linalg.norm(left))
    return np.asarray(kernel / np.linalg.norm(kernel @ (u / np.linalg.norm(u))))


def weighted(batch: Batch, number: int) -> Batch:
    """Return the batch with one penalty's weight at WEIGHT, the others' at 0."""
    return with_rate(quiet(batch), f"penalty/{number}", WEIGHT)


def cost(trainer: Trainer, batch: Batch, number: int) -> float:
    """Return what one penalty adds to the discriminator's loss, and leave the state as it was."""
    state, losses = trainer.state(), []
    for given in (weighted(batch, number), quiet(batch)):
        losses.append(take(trainer, "discriminator", given))
        trainer.load_state(state)
    return losses[0] - losses[1]


def pull(trainer: Trainer, batch: Batch, number: int) -> State:
    """Return one penalty's gradient by each weight, as updates of SGD at rate 1 tell it."""
    state, ends = trainer.state(), []
    for given in (weighted(batch, number), quiet(batch)):
        take(trainer, "discriminator", with_rate(given, "discriminator/learning_rate", 1.0))
        ends.append(trainer.discriminator.weights())
        trainer.load_state(state)
    return {name: ends[1][name] - ends[0][name] for name in ends[0]}


def some_way(weights: State) -> State:
    """Return a direction among weights."""
    random = np.random.default_rng(0)
    return {name: random.standard_normal(weight.shape) for name, weight in weights.items()}


def points(trainer: Trainer, penalty: Penalty, number: int, batch: Batch) -> Array:
    """Return the images at which a penalty's gradient is taken."""
    real, fake = batch.real, trainer.generator(batch.noise)
    match penalty.where:
        case "real":
            return real
        case "fake":
            return fake
        case "between":
            between: Array = real + batch.random[f"penalty/{number}/alpha"] * (fake - real)
            return between
    alpha, noise = (batch.random[f"penalty/{number}/{name}"] for name in ("alpha", "noise"))
    around: Array = real + alpha * 0.5 * real.std() * noise
    return around


def slopes(judge: Judge, images: Array) -> Array:
    """Return each image's gradient, `(n, values)`, by central differences."""
    return slopes_each(lambda _, nudged: judge(nudged), images)


def slopes_each(judge: Each, images: Array, step: float = 1e-5) -> Array:
    """Return each image's gradient, as `slopes` does, where its place in the batch matters.

    `judge` is given an image's place in the batch, and images to put there.
    """
    nudges = step * np.eye(VALUES).reshape(VALUES, *images.shape[1:])
    rows = [
        (judge(i, image + nudges) - judge(i, image - nudges)) / (2 * step)
        for i, image in enumerate(images)
    ]
    return np.array(rows)


def formula(penalty: Penalty, gradients: Array) -> float:
    """Return a penalty of weight 1."""
    squared = np.sum(gradients**2, axis=1)
    if not penalty.target:
        return float(0.5 * squared.mean())
    return float(np.mean((np.sqrt(squared + penalty.epsilon) - penalty.target) ** 2))
