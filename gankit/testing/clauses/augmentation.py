"""Clauses on augmentation, instance noise and flips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gankit.augment import TRANSFORMS, Augment, Half, View, view
from gankit.contract import Array, Backend, Batch, Precision, Problem, Trainer, strip_prefix
from gankit.penalties import Penalty
from gankit.schedules import Schedule
from gankit.testing.agreement import assert_close, layout
from gankit.testing.clauses.networks import Images
from gankit.testing.clauses.penalties import (
    SMOOTH,
    WEIGHT,
    Discriminate,
    formula,
    input_gradients,
    penalty_cost,
)
from gankit.testing.clauses.running_state import without_penalties
from gankit.testing.clauses.updates import assert_losses_close, each_player, run_update
from gankit.testing.harness import (
    Setup,
    assert_matches_reference,
    build,
    ready,
    require,
    supported,
)
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.ops import NumpyOps
from gankit.testing.problems import bound, full
from gankit.testing.rgb import rgb_problem, rgb_setup

PROBABILITY = 0.4
ADAPTIVE = Augment(adaptive=True, target=0.1, images=128, every=2)


@level("numerics")
class AugmentationClauses:
    """Augmentation: transforms, instance noise and flips (capabilities "augment", "adaptive").

    The formula is `gankit.augment.view`, over five operations of the backend.
    """

    @each_player
    def test_discriminator_sees_augmented_images(self, backend: Backend, player: str) -> None:
        """In both updates, fakes and reals are augmented with the batch's random inputs.

        Instance noise is added last, with the batch's scalar.
        """
        trainer = ready(backend, problem := augmented_problem(backend))
        batch = without_penalties(rgb_setup(problem).batch())
        wanted = expected_loss(trainer, problem, batch, player, p=None)
        assert_losses_close(run_update(trainer, player, batch), wanted, bound(problem))

    def test_augmentation_matches_the_reference(self, backend: Backend) -> None:
        """Updates match the reference: gradients pass through augmentation to the generator."""
        problem = augmented_problem(backend)
        assert_matches_reference(backend, rgb_setup(problem), 3, bound(problem))

    def test_a_penalty_differentiates_through_augmentation(self, backend: Backend) -> None:
        """A penalty takes its input gradient by the images before augmentation.

        They are augmented with the random inputs of real images.
        """
        require(backend, "input-gradients")
        require(backend, "float64")
        # A few images: each of their values is moved twice, and augmented. A trainer of several
        # processes may take batches of one size alone.
        trainer = build(backend, problem := augmented_problem(backend))
        batch = replace(rgb_setup(problem), batch_size=4).batch()
        found = penalty_cost(trainer, batch, 0)
        gradients = [
            input_gradients(discriminator_of(trainer, problem, batch, n), batch.real[n : n + 1])
            for n in range(len(batch.real))
        ]
        wanted = WEIGHT * formula(problem.penalties[0], np.concatenate(gradients))
        assert_losses_close(found, wanted, 1e-7)

    def test_square_images_are_turned_by_quarters(self, backend: Backend, images: Images) -> None:
        """Updates match the reference with square images that are turned and mirrored."""
        problem = replace(full(backend), augment=Augment(("turn", "flip")))
        setup = Setup(supported(backend, problem), images)
        assert_matches_reference(backend, setup, 3, bound(problem))

    @each_player
    def test_transforms_have_the_chance_of_the_batch(self, backend: Backend, player: str) -> None:
        """With a chance below 1, a transform applies to an image if its gate is below the scalar.

        The scalar is "augment", from a schedule.
        """
        rising = Augment(chance=Schedule("linear", start=0.2, end=0.9, images=160))
        problem = rgb_problem(backend, TO_IMAGE, SMOOTH["dense"], augment=rising)
        trainer = ready(backend, supported(backend, problem))
        for step in (0, 5):
            batch = rgb_setup(problem).batch(step)
            wanted = expected_loss(trainer, problem, batch, player, p=0.2 + 0.07 * step)
            assert_losses_close(run_update(trainer, player, batch), wanted, bound(problem))

    @each_player
    def test_adaptive_transforms_have_the_probability_p(
        self, backend: Backend, player: str
    ) -> None:
        """Adaptive augmentation transforms an image if its gate is below "ada/p"."""
        trainer = ready(backend, problem := adaptive(backend))
        trainer.load_state(trainer.state() | {"ada/p": np.array(PROBABILITY)})
        batch = rgb_setup(problem).batch()
        wanted = expected_loss(trainer, problem, batch, player, p=PROBABILITY)
        assert_losses_close(run_update(trainer, player, batch), wanted, bound(problem))

    def test_adaptive_probability_follows_the_discriminator(self, backend: Backend) -> None:
        """The probability "ada/p" changes after every `every` discriminator updates.

        `Augment.moved` computes it from the signs of the logits of augmented real images. The
        generator's updates do not change it.
        """
        trainer = ready(backend, problem := adaptive(backend))
        p, signs, updates, seen = 0.0, 0.0, 0, []
        for r in range(8):
            set_last_bias(trainer, 0.3 if r < 4 else -0.3)
            batch = rgb_setup(problem).batch(r)
            logits = trainer.discriminator(augmented(problem, batch.real, "real", batch, p))
            run_update(trainer, "discriminator", batch)
            run_update(trainer, "generator", batch)
            signs, updates = signs + float(np.mean(np.sign(logits))), updates + 1
            if updates == ADAPTIVE.every:
                p, signs, updates = ADAPTIVE.moved(p, signs, updates, len(logits)), 0.0, 0
            seen.append(p)
            wanted = {"p": np.array(p), "signs": np.array(signs), "updates": np.array(updates)}
            assert_close({k: trainer.state()[f"ada/{k}"] for k in wanted}, wanted, 1e-12)
        assert max(seen) > 0
        assert seen[-1] < max(seen)

    def test_only_adaptive_augmentation_has_state(self, backend: Backend) -> None:
        """The state has "ada/p", "ada/signs" and "ada/updates" if augmentation is adaptive.

        The first two are float64 in either precision, the last is int64. Other states have none.
        """
        plain = rgb_problem(backend, TO_IMAGE, SMOOTH["dense"], augment=Augment())
        for problem in (full(backend), plain):
            if problem.needs() <= backend.capabilities:
                assert not strip_prefix(ready(backend, problem).state(), "ada")
        wanted = {"p": "float64 ()", "signs": "float64 ()", "updates": "int64 ()"}
        precisions: tuple[Precision, ...] = ("float32", "float64")
        for precision in precisions:
            if precision in backend.capabilities:
                problem = replace(adaptive(backend), precision=precision)
                assert layout(strip_prefix(ready(backend, problem).state(), "ada")) == wanted


def augmented_problem(backend: Backend) -> Problem:
    """Return a problem with augmentation, noise, flips and, if claimed, a penalty; or skip."""
    penalty = Penalty("real", target=0, weight=1.0)
    problem = rgb_problem(
        backend,
        TO_IMAGE,
        SMOOTH["dense"],
        augment=Augment(TRANSFORMS),
        instance_noise=0.3,
        flip=True,
        penalties=(penalty,) if "input-gradients" in backend.capabilities else (),
    )
    return supported(backend, problem)


def adaptive(backend: Backend) -> Problem:
    """Return a problem with adaptive augmentation, or skip."""
    return supported(backend, rgb_problem(backend, TO_IMAGE, SMOOTH["dense"], augment=ADAPTIVE))


def expected_loss(
    trainer: Trainer, problem: Problem, batch: Batch, player: str, p: float | None
) -> float:
    """Return the loss of an update with augmented images."""
    halves: tuple[tuple[Half, Array], ...] = (
        ("real", batch.real),
        ("fake", trainer.generator(batch.noise)),
    )
    logits = [trainer.discriminator(augmented(problem, x, half, batch, p)) for half, x in halves]
    return float(getattr(problem.loss, player)(NumpyOps, *logits))


def augmented(problem: Problem, images: Array, half: View, batch: Batch, p: float | None) -> Array:
    """Return images as the discriminator sees them."""
    sigma = batch.scalars.get("instance_noise", 0.0)
    seen: Array = view(NumpyOps(), problem.augment, images, half, batch.random, sigma, p)
    return seen


def discriminator_of(trainer: Trainer, problem: Problem, batch: Batch, number: int) -> Discriminate:
    """Return the discriminator with the augmentation of the `number`-th real of a batch."""

    def discriminate(images: Array) -> Array:
        random = {k: np.repeat(d[[number]], len(images), axis=0) for k, d in batch.random.items()}
        repeated = replace(batch, random=random)
        return trainer.discriminator(augmented(problem, images, "real", repeated, None))

    return discriminate


def set_last_bias(trainer: Trainer, bias: float) -> None:
    """Set the discriminator's last bias."""
    weights = trainer.discriminator.weights()
    *_, last = (name for name in weights if name.endswith(".bias"))
    trainer.discriminator.load_weights({**weights, last: np.full_like(weights[last], bias)})
