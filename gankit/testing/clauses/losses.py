"""Clauses on an adversarial loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gankit.contract import Array, Backend, Problem
from gankit.followers import as_floats
from gankit.launch.resume.dual_numbers import Dual, DualLossOps, dual
from gankit.launch.resume.loss_digest import FAKE, REAL
from gankit.layers import Dense, Flatten, Reshape
from gankit.losses import Loss, NumpyFollowerOps, NumpyLossOps
from gankit.optimizers import SGD
from gankit.plugins import validation
from gankit.testing.agreement import assert_close
from gankit.testing.harness import Setup
from gankit.testing.level_marks import level
from gankit.testing.problems import bound, precision

OPS = NumpyLossOps()
ROLES = ("discriminator", "generator")
each_role = pytest.mark.parametrize("role", ROLES)
LARGE = 1e4 * np.linspace(-1, 1, 8)
"""Logits as of a discriminator that is very sure."""
STEP = 1e-6
"""Step of finite differences."""
RATE = 0.1
LATENT, SIDE = 6, 3


@level("protocol")
class LossValueClauses:
    """Values of a loss: one finite number for any batch of logits."""

    def test_has_valid_fields(self, loss: Loss) -> None:
        """A loss has a name that can be typed, and fields of the right types."""
        validation.check("loss", loss)

    @each_role
    @pytest.mark.parametrize("count", [1, 2, 8])
    def test_returns_a_finite_scalar(self, loss: Loss, count: int, role: str) -> None:
        """For 1, 2 and 8 logits of each half, a formula returns a finite scalar."""
        made = np.asarray(value(loss, role, REAL[:count], FAKE[:count]))
        assert made.shape == ()
        assert np.isfinite(made)

    @each_role
    def test_keeps_float32(self, loss: Loss, role: str) -> None:
        """For float32 logits, a formula returns float32."""
        real, fake = REAL.astype(np.float32), FAKE.astype(np.float32)
        assert np.asarray(value(loss, role, real, fake)).dtype == np.float32

    @each_role
    def test_does_not_overflow(self, loss: Loss, role: str) -> None:
        """For float32 logits from -10,000 to 10,000, a formula returns a finite number."""
        large = LARGE.astype(np.float32)
        with np.errstate(all="ignore"):
            assert np.isfinite(value(loss, role, large, -large))

    @each_role
    def test_repeats_its_value(self, loss: Loss, role: str) -> None:
        """Called again with the same logits, a formula returns the same number."""
        assert value(loss, role, REAL, FAKE) == value(loss, role, REAL, FAKE)

    def test_is_paired_if_the_generator_uses_real(self, loss: Loss) -> None:
        """`paired` is True if the generator's formula depends on `real`, and only then."""
        loss = loss.given()
        first, other = (loss.generator(OPS, real, FAKE) for real in (REAL, REAL + 1))
        if loss.paired:
            assert first != other
        else:
            assert first == other == loss.generator(OPS, None, FAKE)

    def test_of_fakes_is_the_term_of_fakes(self, loss: Loss) -> None:
        """The discriminator's formula minus `of_fakes`, if a loss has it, ignores fakes."""
        loss = loss.given()
        if loss.of_fakes is None:
            pytest.skip(f"loss {loss.name!r} has no 'of_fakes'")
        first, other = (
            loss.discriminator(OPS, REAL, fake) - loss.of_fakes(OPS, fake)
            for fake in (FAKE, FAKE + 1)
        )
        assert abs(first - other) <= 1e-9 * max(1.0, abs(first))

    def test_its_follower_keeps_its_scalars(self, loss: Loss) -> None:
        """A follower returns the scalars that it has at the start, finite, and moves one."""
        if loss.follower is None:
            pytest.skip(f"loss {loss.name!r} has no follower")
        first = as_floats(loss.follower.initial_scalars())
        moved = loss.follower.follow(NumpyFollowerOps(), first, REAL, FAKE)
        assert moved.keys() == first.keys()
        assert all(np.shape(x) == () and np.isfinite(x) for x in moved.values())
        assert any(float(moved[name]) != first[name] for name in first)


@level("numerics")
class LossGradientClauses:
    """Gradient of a loss: finite, and that of its values.

    It is computed from `+ - *` and the operations of `LossOps`, so a formula may use nothing else.
    """

    @each_role
    def test_gradient_matches_finite_differences(self, loss: Loss, role: str) -> None:
        """The gradient by the logits matches central differences in float64 within 1e-6."""
        found = gradient(loss, role, REAL, FAKE)
        assert_close({"gradient": found}, {"gradient": finite_differences(loss, role)}, 1e-6)

    @each_role
    def test_gradient_is_finite(self, loss: Loss, role: str) -> None:
        """For logits from -10,000 to 10,000 the gradient is finite."""
        with np.errstate(all="ignore"):
            assert np.isfinite(gradient(loss, role, LARGE, -LARGE)).all()

    def test_discriminator_sees_both_halves(self, loss: Loss) -> None:
        """Some real logits and some logits of fakes change the discriminator's loss.

        With a follower, this holds after its first move: k of BEGAN starts at 0.
        """
        if loss.follower:
            first = as_floats(loss.follower.initial_scalars())
            moved = loss.follower.follow(NumpyFollowerOps(), first, REAL, FAKE)
            loss = loss.given(as_floats(moved))
        real, fake = np.split(gradient(loss, "discriminator", REAL, FAKE), [len(REAL)])
        assert real.any()
        assert fake.any()

    def test_generator_sees_its_images(self, loss: Loss) -> None:
        """Some logits of generated images change the generator's loss."""
        assert gradient(loss, "generator", REAL, FAKE)[len(REAL) :].any()


@level("portability")
class LossTrainingClauses:
    """Training with a loss: the same on every installed backend."""

    @each_role
    def test_every_backend_follows_the_gradient(
        self, loss: Loss, backends: list[Backend], role: str
    ) -> None:
        """On each installed backend that can train with it, an SGD update follows the gradient."""
        for backend in backends:
            setup = linear_setup(loss, backend)
            if not setup.problem.needs() <= backend.capabilities:
                continue
            trainer, batch = backend.trainer(setup.problem), setup.batch()
            state = trainer.state()
            images, head = state["generator/0.kernel"], state["discriminator/1.kernel"]
            real = batch.real.reshape(len(batch.real), -1)
            fake = batch.noise @ images
            logits = [(half @ head)[:, 0] for half in (real, fake)]
            slopes = np.split(gradient(loss, role, *logits), [len(real)])
            if role == "discriminator":
                name = "discriminator/1.kernel"
                moved = real.T @ slopes[0] + fake.T @ slopes[1]
                trainer.update_discriminator(batch)
            else:
                name = "generator/0.kernel"
                moved = batch.noise.T @ np.outer(slopes[1], head)
                trainer.update_generator(batch)
            before = state[name]
            wanted = (before - RATE * moved.reshape(before.shape)).astype(before.dtype)
            found, label = trainer.state()[name], f"{name} of {backend.name}"
            assert_close({label: found}, {label: wanted}, bound(setup.problem))


def linear_setup(loss: Loss, backend: Backend) -> Setup:
    """Return a linear generator and a linear discriminator of 3 x 3 images, with 32 images."""
    problem = Problem(
        generator=(Dense(SIDE * SIDE, bias=False), Reshape((SIDE, SIDE, 1))),
        discriminator=(Flatten(), Dense(1, bias=False)),
        latent=LATENT,
        image_shape=(SIDE, SIDE, 1),
        loss=loss,
        generator_optimizer=SGD(RATE),
        discriminator_optimizer=SGD(RATE),
        precision=precision(backend),
    )
    images = np.random.default_rng(0).integers(0, 256, (32, SIDE, SIDE, 1), np.uint8)
    return Setup(problem, images)


def value(loss: Loss, role: str, real: Any, fake: Any, ops: object = OPS) -> Any:  # noqa: ANN401
    """Return a formula's value; the generator gets None for `real` unless the loss is paired."""
    seen = real if loss.paired or role == "discriminator" else None
    return getattr(loss.given(), role)(ops, seen, fake)


def gradient(loss: Loss, role: str, real: Array, fake: Array) -> NDArray[np.float64]:
    """Return the derivatives of a formula by the real and the fake logits, `(n + m,)`."""
    derivatives = np.eye(len(real) + len(fake))
    halves = [
        Dual(np.asarray(half, np.float64), part)
        for half, part in zip((real, fake), np.split(derivatives, [len(real)]), strict=True)
    ]
    return dual(value(loss, role, halves[0], halves[1], DualLossOps()), halves[0]).derivatives


def finite_differences(loss: Loss, role: str) -> NDArray[np.float64]:
    """Return the central differences of a formula at the logits `REAL` and `FAKE`."""
    logits = np.concatenate([REAL, FAKE])
    slopes = np.empty(len(logits))
    for i in range(len(logits)):
        ends = []
        for sign in (1, -1):
            moved = logits.copy()
            moved[i] += sign * STEP
            ends.append(value(loss, role, moved[: len(REAL)], moved[len(REAL) :]))
        slopes[i] = (ends[0] - ends[1]) / (2 * STEP)
    return slopes
