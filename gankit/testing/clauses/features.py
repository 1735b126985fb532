"""Clauses on terms that name the adversarial loss, on feature matching and on pulling away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gankit.augment import Augment
from gankit.contract import Array, Backend, Batch, Problem, Trainer
from gankit.layers import BatchNorm, Conv, Dense, Dropout, Flatten, LeakyReLU, Tanh
from gankit.losses import HINGE, RELATIVISTIC
from gankit.terms import Term
from gankit.testing.agreement import assert_close
from gankit.testing.clauses.blocks import assert_block_equals_updates
from gankit.testing.clauses.updates import update_row
from gankit.testing.harness import assert_matches_reference, ready, require, supported
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.ops import NumpyOps
from gankit.testing.problems import bound
from gankit.testing.rgb import rgb_problem, rgb_setup

LAYER = 2
MATCHING = Term("feature-matching", f"fake/logit@{LAYER}", f"real/logit@{LAYER}", weight=0.7)
PULLING = Term("pulling-away", f"fake/logit@{LAYER}", weight=0.3)
DISCRIMINATOR = (Flatten(), Dense(7), Tanh(), Dense(1))


KINDS = ["alone", "hinge", "paired", "dropout", "norm", "augment", "apart"]


@level("protocol")
class FeatureClauses:
    """Features: feature matching (Salimans et al. 2016), and an adversarial loss that a term names.

    Pulling away (Zhao et al. 2017) compares the features of generated images with each other.

    They need the capability "features". The generator brings the mean of the outputs of a layer of
    the discriminator for its images to that for real images.
    """

    @pytest.mark.parametrize("weight", [None, 0.4], ids=["alone", "beside-the-loss"])
    def test_the_generator_matches_the_means_of_features(
        self, backend: Backend, weight: float | None
    ) -> None:
        """The term is the squared distance of the features' means, each over the batch.

        The generator has no adversarial loss if the term that names it leaves the generator out.
        """
        trainer, batch = feature_trainer(backend, weight)
        problem = feature_problem(backend, weight)
        fake = trainer.generator(batch.noise)
        means = [features(trainer, images).mean(axis=0) for images in (fake, batch.real)]
        value = float(np.sum((means[0] - means[1]) ** 2))
        adversarial = 0.0
        if weight is not None:
            logits = (trainer.discriminator(images) for images in (batch.real, fake))
            adversarial = weight * float(problem.loss.generator(NumpyOps, *logits))
        found = update_row(trainer, "generator", batch)
        wanted = np.array([adversarial + MATCHING.weight * value, value])
        assert_close({"losses": found}, {"losses": wanted}, bound(problem))

    def test_the_generator_pulls_features_apart(self, backend: Backend) -> None:
        """The term is the mean squared cosine of all pairs of the features of generated images."""
        problem = feature_problem(backend, 0.4, terms=(adversarial(0.4), PULLING))
        trainer, batch = feature_trainer(backend, 0.4, problem)
        fake = trainer.generator(batch.noise)
        rows = features(trainer, fake)
        units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        pairs = np.triu_indices(len(units), 1)
        value = float(np.mean((units @ units.T)[pairs] ** 2))
        loss = 0.4 * float(problem.loss.generator(NumpyOps, None, trainer.discriminator(fake)))
        found = update_row(trainer, "generator", batch)
        wanted = np.array([loss + PULLING.weight * value, value])
        assert_close({"losses": found}, {"losses": wanted}, bound(problem))

    def test_the_adversarial_loss_has_the_weight_of_its_term(self, backend: Backend) -> None:
        """The discriminator's adversarial loss is multiplied by the weight of the term."""
        trainer, batch = feature_trainer(backend, 0.4)
        problem = feature_problem(backend, 0.4)
        images = (batch.real, trainer.generator(batch.noise))
        logits = (trainer.discriminator(each) for each in images)
        wanted = np.array([0.4 * float(problem.loss.discriminator(NumpyOps, *logits))])
        found = update_row(trainer, "discriminator", batch)
        assert_close({"losses": found}, {"losses": wanted}, bound(problem))

    @level("numerics")
    @pytest.mark.parametrize("kind", KINDS)
    def test_feature_matching_matches_the_reference(self, backend: Backend, kind: str) -> None:
        """Three steps match the reference within 1e-9.

        It is so for the term alone, beside losses with and without real images in the generator's
        update, with dropout, batch statistics and augmentation in the discriminator, and for
        features that are pulled apart, each if claimed.
        """
        require(backend, "float64")
        assert_matches_reference(backend, rgb_setup(varied_problem(backend, kind), 2), 3, 1e-9)

    @level("numerics")
    @pytest.mark.parametrize("kind", ["alone", "hinge", "dropout", "apart"])
    def test_a_block_with_feature_matching_equals_its_updates(
        self, backend: Backend, kind: str
    ) -> None:
        """A block of steps leaves the state of its updates."""
        setup = rgb_setup(varied_problem(backend, kind), 2)
        assert_block_equals_updates(backend, setup, setup.steps(0, 3))


def adversarial(weight: float | None) -> Term:
    """Return the adversarial term of both networks, or without a weight of the discriminator."""
    if weight is None:
        return Term("adversarial", sides=("discriminator",))
    return Term("adversarial", weight=weight)


def feature_problem(backend: Backend, weight: float | None, **changes: Any) -> Problem:  # noqa: ANN401 - options.
    """Return a problem with feature matching, or skip."""
    generator = (Dense(24), LeakyReLU(0.2), *TO_IMAGE)
    given = {"terms": (adversarial(weight), MATCHING)} | changes
    return supported(backend, rgb_problem(backend, generator, DISCRIMINATOR, **given))


def varied_problem(backend: Backend, kind: str) -> Problem:
    """Return a problem with feature matching of one `kind`, or skip."""
    alone = feature_problem(backend, None)
    halved = Conv(4, 3, stride=2, padding=1, bias=False)
    norm = (halved, BatchNorm(), LeakyReLU(0.2), Flatten(), Dense(1))
    drops = (Flatten(), Dense(9), Dropout(0.3), Tanh(), Dense(1))
    both = (adversarial(0.4), MATCHING)
    changes: dict[str, dict[str, Any]] = {
        "alone": {},
        "hinge": {"loss": HINGE, "terms": both},
        "paired": {"loss": RELATIVISTIC, "terms": both},
        "dropout": {"discriminator": drops, "terms": both},
        "norm": {"discriminator": norm},
        "augment": {"augment": Augment(policy=("brightness", "translation"))},
        "apart": {"discriminator": drops, "terms": (adversarial(0.4), PULLING)},
    }
    return supported(backend, replace(alone, **changes[kind]))


def feature_trainer(
    backend: Backend, weight: float | None, problem: Problem | None = None
) -> tuple[Trainer, Batch]:
    """Return a trainer after two steps, by default with feature matching, and a batch."""
    problem = problem or feature_problem(backend, weight)
    trainer, setup = ready(backend, problem), rgb_setup(problem)
    setup.updates(trainer, 0, 2)
    return trainer, setup.batch(2)


def features(trainer: Trainer, images: Array) -> Array:
    """Return the outputs of the discriminator's layer, by its weights."""
    weights = trainer.discriminator.weights()
    rows = images.reshape(len(images), -1)
    made: Array = np.tanh(rows @ weights["1.kernel"] + weights["1.bias"])
    return made
