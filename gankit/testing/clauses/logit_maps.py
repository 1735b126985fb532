"""Clauses on discriminators that return a map of logits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gankit.augment import Augment
from gankit.contract import Array, Backend, Batch, Problem, Trainer
from gankit.layers import Dense, Flatten, LeakyReLU, Reshape, Tanh
from gankit.losses import LEAST_SQUARES, RELATIVISTIC_AVERAGE
from gankit.penalties import Penalty
from gankit.testing.agreement import assert_close
from gankit.testing.clauses.blocks import assert_block_equals_updates
from gankit.testing.clauses.updates import assert_losses_close, each_player, run_update
from gankit.testing.following_loss import FOLLOWING
from gankit.testing.harness import assert_matches_reference, ready, require, supported
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.ops import NumpyOps
from gankit.testing.problems import bound
from gankit.testing.rgb import rgb_problem, rgb_setup

MAP = (3, 2, 1)
"""The shape of an image's logits."""


@level("protocol")
class LogitMapClauses:
    """Maps of logits: the discriminator's last layer makes `(height, width, 1)` of an image.

    They need the capability "logit-maps".
    """

    def test_the_logit_of_an_image_is_the_mean_of_its_map(self, backend: Backend) -> None:
        """A call returns each image's mean logit, `(n,)`."""
        trainer, batch = map_trainer(backend)
        found, wanted = trainer.discriminator(batch.real), logit_map(trainer, batch.real)
        assert found.shape == (len(batch.real),)
        assert_close({"logits": found}, {"logits": wanted.mean(axis=1)}, bound(problem_of(backend)))

    @each_player
    def test_a_loss_is_over_all_logits_of_a_map(self, backend: Backend, player: str) -> None:
        """The loss is that of all logits, not of each image's mean."""
        trainer, batch = map_trainer(backend)
        problem = problem_of(backend)
        images = (batch.real, trainer.generator(batch.noise))
        logits = (logit_map(trainer, each).reshape(-1) for each in images)
        wanted = float(getattr(problem.loss, player)(NumpyOps, *logits))
        assert_losses_close(run_update(trainer, player, batch), wanted, bound(problem))

    @level("numerics")
    @pytest.mark.parametrize("kind", ["plain", "paired", "adaptive", "followed", "penalised"])
    def test_maps_match_the_reference(self, backend: Backend, kind: str) -> None:
        """Three steps match the reference within 1e-9.

        It is so also with a loss that compares halves, with adaptive augmentation, with a loss that
        has a follower, and with penalties of a shared and of a separate pass, each if claimed.
        """
        require(backend, "float64")
        problem = supported(backend, replace(problem_of(backend), **CHANGES[kind]))
        assert_matches_reference(backend, rgb_setup(problem, 2), 3, 1e-9)

    @level("numerics")
    def test_a_block_with_maps_equals_its_updates(self, backend: Backend) -> None:
        """A block of steps leaves the state of its updates."""
        setup = rgb_setup(problem_of(backend), 2)
        assert_block_equals_updates(backend, setup, setup.steps(0, 3))


CHANGES: dict[str, dict[str, Any]] = {
    "plain": {},
    "paired": {"loss": RELATIVISTIC_AVERAGE},
    "adaptive": {"augment": Augment(("translation",), adaptive=True, target=0.0, images=256)},
    "followed": {"loss": FOLLOWING},
    "penalised": {"penalties": (Penalty("real", 0.0, 0.5), Penalty("between", 1.0, 0.5, 1e-3))},
}


def problem_of(backend: Backend) -> Problem:
    """Return a problem with a map of logits, or skip."""
    generator = (Dense(24), LeakyReLU(0.2), *TO_IMAGE)
    discriminator = (Flatten(), Dense(16), Tanh(), Dense(6), Reshape(MAP))
    return supported(backend, rgb_problem(backend, generator, discriminator, loss=LEAST_SQUARES))


def map_trainer(backend: Backend) -> tuple[Trainer, Batch]:
    """Return a trainer with a map of logits after two steps, and a batch."""
    problem = problem_of(backend)
    trainer, setup = ready(backend, problem), rgb_setup(problem)
    setup.updates(trainer, 0, 2)
    return trainer, setup.batch(2)


def logit_map(trainer: Trainer, images: Array) -> Array:
    """Return the logits of each image by the discriminator's formula, `(n, 6)`."""
    weights = trainer.discriminator.weights()
    hidden = np.tanh(images.reshape(len(images), -1) @ weights["1.kernel"] + weights["1.bias"])
    logits: Array = hidden @ weights["3.kernel"] + weights["3.bias"]
    return logits
