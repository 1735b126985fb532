"""Clauses on gradient penalties, compared with finite differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pytest

from gankit.contract import Array, Backend, Batch, Problem, State, Trainer, add_prefix, strip_prefix
from gankit.contract.random_streams import Role, dropout_mask, keep_probability
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
    as_spec,
    walk,
)
from gankit.penalties import Penalty
from gankit.testing.agreement import assert_close, assert_identical
from gankit.testing.clauses.running_state import without_penalties
from gankit.testing.clauses.updates import assert_losses_close, run_update, with_scalar
from gankit.testing.harness import assert_matches_reference, ready, require, supported
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.rgb import CLASSES, VALUES, rgb_problem, rgb_setup

Discriminate: TypeAlias = Callable[[Array], Array]
DiscriminateAt: TypeAlias = Callable[[int, Array], Array]
WEIGHT = 3.0
SMOOTH: dict[str, Spec] = {
    "dense": (Flatten(), Dense(8), Tanh(), Dense(1)),
    "conv": (Conv(4, kernel=3, stride=2, padding=1), Sigmoid(), Flatten(), Dense(1, gain=3)),
}
"""Smooth discriminators, so that differences are exact."""
PENALTIES = {
    "dense": (
        Penalty("real", target=0, weight=1.0),
        Penalty("fake", target=0, weight=1.0),
        Penalty("between", target=1, weight=1.0, epsilon=0.01),
        Penalty("around", target=1, weight=1.0, epsilon=0.01),
        Penalty("between", target=0, weight=1.0, power=6),
    ),
    "conv": (
        Penalty("real", target=1, weight=1.0, epsilon=0.01),
        Penalty("fake", target=1, weight=1.0, epsilon=0.01),
        Penalty("between", target=0, weight=1.0),
        Penalty("around", target=0, weight=1.0),
        Penalty("fake", target=0, weight=1.0, power=3),
    ),
}
CASES = [
    pytest.param(kind, number, id=f"{kind}-{penalty.where}-{penalty.target}")
    for kind, penalties in PENALTIES.items()
    for number, penalty in enumerate(penalties)
]
MASKED: Spec = (Flatten(), Dense(8), Tanh(), Dropout(0.3), Dense(1))
"""A discriminator with dropout."""
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
    """Penalties: terms of the discriminator's input gradients (capability "input-gradients").

    The input gradients are measured by central differences of the called discriminator, in
    float64, image by image.
    """

    @each_penalty
    def test_a_penalty_matches_its_formula(self, backend: Backend, kind: str, number: int) -> None:
        """A penalty adds its formula, times the batch's weight, to the discriminator's loss.

        This holds for every kind of penalty point, both targets and other powers, within 1e-7.
        """
        trainer = ready(backend, problem := penalised_problem(backend, kind))
        rgb_setup(problem).updates(trainer, 0, 1)
        batch, penalty = rgb_setup(problem).batch(1), problem.penalties[number]
        found = penalty_cost(trainer, batch, number)
        gradients = input_gradients(trainer.discriminator, points(trainer, penalty, number, batch))
        assert_losses_close(found, WEIGHT * formula(penalty, gradients), 1e-7)

    @each_penalty
    def test_a_penalty_changes_weights_by_its_gradient(
        self, backend: Backend, kind: str, number: int
    ) -> None:
        """A penalty changes the weights by its gradient, measured by differences of the loss.

        Fakes are constants: a penalty changes only the discriminator.
        """
        trainer = ready(backend, problem := penalised_problem(backend, kind))
        batch, first = rgb_setup(problem).batch(), trainer.state()
        direction = random_direction(strip_prefix(first, "discriminator"))
        gradient = penalty_gradient(trainer, batch, number)
        found = sum(np.sum(direction[name] * slope) for name, slope in gradient.items())
        costs = []
        for step in (1e-5, -1e-5):
            nudged = {
                k: w + step * direction[k] for k, w in strip_prefix(first, "discriminator").items()
            }
            trainer.load_state({**first, **add_prefix("discriminator", nudged)})
            costs.append(penalty_cost(trainer, batch, number))
        assert_losses_close(float(found), (costs[0] - costs[1]) / 2e-5, 1e-6)

    @pytest.mark.parametrize("kind", PENALTIES)
    def test_penalties_match_the_reference(self, backend: Backend, kind: str) -> None:
        """With penalties, three steps match the reference's losses and weights within 1e-9."""
        assert_matches_reference(backend, rgb_setup(penalised_problem(backend, kind)), 3, 1e-9)

    @each_training
    def test_a_penalty_uses_the_network_in_training_mode(self, backend: Backend, kind: str) -> None:
        """A penalty's input gradient is that of the discriminator in training mode.

        Dropout has the masks of the penalty's own pass, spectral norm the vector after one power
        iteration, and each image its own label. The penalty matches its formula within 1e-7.
        """
        trainer = ready(backend, problem := training_mode_problem(backend, kind))
        rgb_setup(problem).updates(trainer, 0, 1)
        batch = rgb_setup(problem).batch(1)
        state = strip_prefix(trainer.state(), "discriminator")
        for number, penalty in enumerate(problem.penalties):
            found = penalty_cost(trainer, batch, number)
            discriminate = in_training(trainer, problem, state, batch, number)
            gradients = input_gradients_by_place(
                discriminate, points(trainer, penalty, number, batch)
            )
            assert_losses_close(found, WEIGHT * formula(penalty, gradients), 1e-7)

    @each_training
    def test_penalties_in_training_mode_match_the_reference(
        self, backend: Backend, kind: str
    ) -> None:
        """Penalties with dropout, spectral norm or classes match the reference within 1e-9."""
        assert_matches_reference(backend, rgb_setup(training_mode_problem(backend, kind)), 3, 1e-9)

    def test_a_penalty_of_weight_zero_changes_nothing(self, backend: Backend) -> None:
        """With a weight of 0, a penalty's random inputs change no bit of the update.

        The update equals that of the problem without penalties.
        """
        trainer = ready(backend, problem := penalised_problem(backend, "dense"))
        batch, first, ends = without_penalties(rgb_setup(problem).batch()), trainer.state(), []
        others = {name: 1 - draw for name, draw in batch.random.items()}
        for given in (batch, replace(batch, random=others)):
            trainer.load_state(first)
            loss = np.array(run_update(trainer, "discriminator", given))
            ends.append(trainer.state() | {"loss": loss})
        assert_identical(*ends)
        plain = replace(problem, penalties=())
        other = ready(backend, plain)
        loss = np.array(run_update(other, "discriminator", rgb_setup(plain).batch()))
        assert_close(ends[0], other.state() | {"loss": loss}, 1e-12)

    @pytest.mark.parametrize("number", [2, 3])
    def test_a_penalty_of_a_zero_gradient_is_finite(self, backend: Backend, number: int) -> None:
        """If the input gradient is 0, epsilon keeps the penalty and the weights finite."""
        trainer = ready(backend, problem := penalised_problem(backend, "dense"))
        flat = {k: np.zeros_like(w) for k, w in trainer.discriminator.weights().items()}
        trainer.discriminator.load_weights(flat)
        penalty = problem.penalties[number]
        wanted = WEIGHT * (np.sqrt(penalty.epsilon) - penalty.target) ** 2
        assert_losses_close(penalty_cost(trainer, rgb_setup(problem).batch(), number), wanted, 1e-9)
        run_update(trainer, "discriminator", with_only_penalty(rgb_setup(problem).batch(), number))
        assert all(np.isfinite(w).all() for w in trainer.discriminator.weights().values())


def penalised_problem(backend: Backend, kind: str) -> Problem:
    """Return a float64 problem with penalties of every kind, or skip."""
    require(backend, "float64")
    problem = rgb_problem(backend, TO_IMAGE, SMOOTH[kind], penalties=PENALTIES[kind])
    return supported(backend, problem)


def training_mode_problem(backend: Backend, kind: str) -> Problem:
    """Return a float64 problem with penalties on a network of `TRAINING`, or skip."""
    require(backend, "float64")
    classes = CLASSES if kind == "labels" else 0
    networks = TO_IMAGE, TRAINING[kind]
    problem = rgb_problem(backend, *networks, penalties=PENALTIES["dense"], classes=classes)
    return supported(backend, problem)


def in_training(
    trainer: Trainer, problem: Problem, state: State, batch: Batch, number: int
) -> DiscriminateAt:
    """Return the discriminator of the pass of the `number`-th penalty.

    It takes a position in the batch, and images for that position; it returns `(n,)` logits.
    """
    labels = batch.labels
    if labels is not None:
        return lambda i, images: trainer.discriminator(images, np.full(len(images), labels[i]))
    weights = {name: spectral_normalised(state, name) for name in state if name.endswith("kernel")}
    first, last = sorted(weights)
    mask = np.ones((len(batch.real), weights[first].shape[1]))
    for place in walk(as_spec(problem.discriminator, "discriminator"), problem.image_shape):
        if isinstance(place.layer, Dropout):
            where = Role.DISCRIMINATOR, place.number, mask.shape, place.layer.rate, number + 1
            mask = dropout_mask(batch.key, *where) / keep_probability(place.layer.rate)

    def discriminate(i: int, images: Array) -> Array:
        rows = images.reshape(len(images), -1)
        hidden = np.tanh(rows @ weights[first] + state[first.replace("kernel", "bias")])
        made = (hidden * mask[i]) @ weights[last] + state[last.replace("kernel", "bias")]
        return np.asarray(made[:, 0])

    return discriminate


def spectral_normalised(state: State, name: str) -> Array:
    """Return a kernel as training uses it: with spectral norm W / |W u|, one iteration later."""
    kernel, u = state[name], state.get(f"{name}_u")
    if u is None:
        return kernel
    left = kernel @ u
    u = kernel.T @ (left / np.linalg.norm(left))
    return np.asarray(kernel / np.linalg.norm(kernel @ (u / np.linalg.norm(u))))


def with_only_penalty(batch: Batch, number: int) -> Batch:
    """Return the batch with WEIGHT for one penalty, and 0 for the others."""
    return with_scalar(without_penalties(batch), f"penalty/{number}", WEIGHT)


def penalty_cost(trainer: Trainer, batch: Batch, number: int) -> float:
    """Return what one penalty adds to the discriminator's loss; leave the state unchanged."""
    state, losses = trainer.state(), []
    for given in (with_only_penalty(batch, number), without_penalties(batch)):
        losses.append(run_update(trainer, "discriminator", given))
        trainer.load_state(state)
    return losses[0] - losses[1]


def penalty_gradient(trainer: Trainer, batch: Batch, number: int) -> State:
    """Return one penalty's gradient by each weight, from updates of SGD at rate 1."""
    state, ends = trainer.state(), []
    for given in (with_only_penalty(batch, number), without_penalties(batch)):
        run_update(trainer, "discriminator", with_scalar(given, "discriminator/learning_rate", 1.0))
        ends.append(trainer.discriminator.weights())
        trainer.load_state(state)
    return {name: ends[1][name] - ends[0][name] for name in ends[0]}


def random_direction(weights: State) -> State:
    """Return a random direction in weight space."""
    random = np.random.default_rng(0)
    return {name: random.standard_normal(weight.shape) for name, weight in weights.items()}


def points(trainer: Trainer, penalty: Penalty, number: int, batch: Batch) -> Array:
    """Return the images at which a penalty takes the input gradient."""
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


def input_gradients(discriminate: Discriminate, images: Array) -> Array:
    """Return each image's gradient, `(n, values)`, by central differences."""
    return input_gradients_by_place(lambda _, nudged: discriminate(nudged), images)


def input_gradients_by_place(
    discriminate: DiscriminateAt, images: Array, step: float = 1e-5
) -> Array:
    """Return each image's gradient, if the logit depends on the position in the batch.

    `discriminate` takes a position, and images for that position.
    """
    nudges = step * np.eye(VALUES).reshape(VALUES, *images.shape[1:])
    rows = [
        (discriminate(i, image + nudges) - discriminate(i, image - nudges)) / (2 * step)
        for i, image in enumerate(images)
    ]
    return np.array(rows)


def formula(penalty: Penalty, gradients: Array) -> float:
    """Return the value of a penalty with weight 1."""
    squared = np.sum(gradients**2, axis=1)
    if not penalty.target:
        return float(0.5 * np.mean(squared ** (penalty.power / 2)))
    return float(np.mean((np.sqrt(squared + penalty.epsilon) - penalty.target) ** 2))
