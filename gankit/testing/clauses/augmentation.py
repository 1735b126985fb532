"""Clauses on augmentation: the discriminator's view of an image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gankit.augment import Augment, Half, view
from gankit.contract import Array, Backend, Batch, Precision, Problem, Trainer, strip_prefix
from gankit.penalties import Penalty
from gankit.testing.agreement import assert_close, layout
from gankit.testing.clauses.penalties import SMOOTH, WEIGHT, Judge, cost, formula, slopes
from gankit.testing.clauses.running_state import quiet
from gankit.testing.clauses.updates import assert_losses_close, each_player, take
from gankit.testing.harness import assert_follows_the_reference, possible, ready, require
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import PAINT
from gankit.testing.ops import NumpyOps
from gankit.testing.problems import bound, full
from gankit.testing.rgb import coloured, rgb_setup

CHANCE = 0.4
ADAPTIVE = Augment(adaptive=True, target=0.1, images=128, every=2)


@level("numerics")
class ViewClauses:
    """Views: augmentation, instance noise and flips (capabilities "augment" and "adaptive").

    The formula is `gankit.augment.view`, over three operations of the backend's.
    """

    @each_player
    def test_sees_a_view_of_either_half(self, backend: Backend, player: str) -> None:
        """In both updates the discriminator sees fakes and reals by the batch's random inputs.

        Images are augmented first; instance noise is added last, by the batch's scalar.
        """
        trainer = ready(backend, problem := viewed(backend))
        batch = quiet(rgb_setup(problem).batch())
        wanted = adversarial(trainer, problem, batch, player, p=None)
        assert_losses_close(take(trainer, player, batch), wanted, bound(problem))

    def test_views_follow_the_reference(self, backend: Backend) -> None:
        """Views give the reference's numbers: gradients pass through them to the generator."""
        problem = viewed(backend)
        assert_follows_the_reference(backend, rgb_setup(problem), 3, bound(problem))

    def test_a_penalty_looks_through_the_view(self, backend: Backend) -> None:
        """A penalty's gradient is by the images before augmentation.

        They are augmented by the random inputs of real images.
        """
        require(backend, "input-gradients")
        require(backend, "float64")
        trainer = ready(backend, problem := viewed(backend))
        batch = rgb_setup(problem).batch()
        found = cost(trainer, batch, 0)
        gradients = [
            slopes(judging(trainer, problem, batch, n), batch.real[n : n + 1])
            for n in range(len(batch.real))
        ]
        wanted = WEIGHT * formula(problem.penalties[0], np.concatenate(gradients))
        assert_losses_close(found, wanted, 1e-7)

    @each_player
    def test_applies_each_transform_by_chance(self, backend: Backend, player: str) -> None:
        """If it is adaptive, an image is transformed if its gate is below "ada/p"."""
        trainer = ready(backend, problem := adaptive(backend))
        trainer.load_state(trainer.state() | {"ada/p": np.array(CHANCE)})
        batch = rgb_setup(problem).batch()
        wanted = adversarial(trainer, problem, batch, player, p=CHANCE)
        assert_losses_close(take(trainer, player, batch), wanted, bound(problem))

    def test_chance_follows_the_discriminator(self, backend: Backend) -> None:
        """The chance "ada/p" moves after every `every` discriminator updates, by `Augment.moved`.

        It depends on the sign of the logits of augmented real images. The generator's updates do
        not change it.
        """
        trainer = ready(backend, problem := adaptive(backend))
        p, signs, updates, seen = 0.0, 0.0, 0, []
        for r in range(8):
            tilt(trainer, 0.3 if r < 4 else -0.3)
            batch = rgb_setup(problem).batch(r)
            logits = trainer.discriminator(sight(problem, batch.real, "real", batch, p))
            take(trainer, "discriminator", batch)
            take(trainer, "generator", batch)
            signs, updates = signs + float(np.mean(np.sign(logits))), updates + 1
            if updates == ADAPTIVE.every:
                p, signs, updates = ADAPTIVE.moved(p, signs, updates, len(logits)), 0.0, 0
            seen.append(p)
            wanted = {"p": np.array(p), "signs": np.array(signs), "updates": np.array(updates)}
            assert_close({k: trainer.state()[f"ada/{k}"] for k in wanted}, wanted, 1e-12)
        assert max(seen) > 0
        assert seen[-1] < max(seen)

    def test_keeps_a_chance_only_where_adaptive(self, backend: Backend) -> None:
        """The state has "ada/p", "ada/signs" and "ada/updates" if the augmentation is adaptive.

        The first two are float64 in either precision, the last is int64. Otherwise there are none.
        """
        plain = coloured(backend, PAINT, SMOOTH["dense"], augment=Augment())
        for problem in (full(backend), plain):
            if problem.needs() <= backend.capabilities:
                assert not strip_prefix(ready(backend, problem).state(), "ada")
        wanted = {"p": "float64 ()", "signs": "float64 ()", "updates": "int64 ()"}
        precisions: tuple[Precision, ...] = ("float32", "float64")
        for precision in precisions:
            if precision in backend.capabilities:
                problem = replace(adaptive(backend), precision=precision)
                assert layout(strip_prefix(ready(backend, problem).state(), "ada")) == wanted


def viewed(backend: Backend) -> Problem:
    """Return a problem with every transform, noise, flips and, if claimed, a penalty; or skip."""
    penalty = Penalty("real", target=0, weight=1.0)
    problem = coloured(
        backend,
        PAINT,
        SMOOTH["dense"],
        augment=Augment(),
        instance_noise=0.3,
        flip=True,
        penalties=(penalty,) if "input-gradients" in backend.capabilities else (),
    )
    return possible(backend, problem)


def adaptive(backend: Backend) -> Problem:
    """Return a problem with an adaptive augmentation, or skip."""
    return possible(backend, coloured(backend, PAINT, SMOOTH["dense"], augment=ADAPTIVE))


def adversarial(
    trainer: Trainer, problem: Problem, batch: Batch, player: str, p: float | None
) -> float:
    """Return the loss of an update by what the discriminator sees."""
    halves: tuple[tuple[Half, Array], ...] = (
        ("real", batch.real),
        ("fake", trainer.generator(batch.noise)),
    )
    logits = [trainer.discriminator(sight(problem, x, half, batch, p)) for half, x in halves]
    return float(getattr(problem.loss, player)(NumpyOps, *logits))


def sight(problem: Problem, images: Array, half: Half, batch: Batch, p: float | None) -> Array:
    """Return what the discriminator sees of images."""
    sigma = batch.scalars.get("instance_noise", 0.0)
    seen: Array = view(NumpyOps(), problem.augment, images, half, batch.random, sigma, p)
    return seen


def judging(trainer: Trainer, problem: Problem, batch: Batch, number: int) -> Judge:
    """Return what judges any images by the view that a batch has of one of its reals."""

    def judge(images: Array) -> Array:
        draws = {k: np.repeat(d[[number]], len(images), axis=0) for k, d in batch.random.items()}
        return trainer.discriminator(
            sight(problem, images, "real", replace(batch, random=draws), None)
        )

    return judge


def tilt(trainer: Trainer, bias: float) -> None:
    """Set the discriminator's last bias."""
    weights = trainer.discriminator.weights()
    *_, last = (name for name in weights if name.endswith(".bias"))
    trainer.discriminator.load_weights({**weights, last: np.full_like(weights[last], bias)})
