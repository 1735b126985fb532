"""Clauses on the mutual information of a head for two views of a real image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gankit.augment import Augment
from gankit.contract import Array, Backend, Batch, Problem, Trainer
from gankit.layers import BatchNorm, Conv, Dense, Dropout, Flatten, LeakyReLU, Tanh
from gankit.penalties import Penalty
from gankit.terms import Term
from gankit.testing.agreement import assert_close
from gankit.testing.clauses.augmentation import augmented, expected_loss
from gankit.testing.clauses.blocks import assert_block_equals_updates
from gankit.testing.clauses.heads import outputs_of
from gankit.testing.clauses.updates import update_row
from gankit.testing.harness import assert_matches_reference, ready, require, supported
from gankit.testing.level_marks import level
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.problems import bound
from gankit.testing.rgb import CLASSES, rgb_problem, rgb_setup

INFORMATION = Term("mutual-information", "real/digit", weight=0.6)


@level("protocol")
class ViewClauses:
    """Views: the mutual information of a head for two views of a real image (Ji et al. 2019).

    They need the capabilities "heads" and "augment".
    """

    def test_the_information_is_that_of_two_views(self, backend: Backend) -> None:
        """The term compares the real images of the pass with their view by the "again" numbers.

        Both are augmented, and have instance noise.
        """
        problem = view_problem(backend)
        trainer, batch = view_trainer(backend, problem)
        value = information(
            *(
                outputs_of(trainer, augmented(problem, batch.real, view, batch, None), "digit")
                for view in ("real", "again")
            )
        )
        loss = expected_loss(trainer, problem, batch, "discriminator", None)
        found = update_row(trainer, "discriminator", batch)
        wanted = np.array([loss + INFORMATION.weight * value, value])
        assert_close({"losses": found}, {"losses": wanted}, bound(problem))

    @level("numerics")
    @pytest.mark.parametrize("kind", ["plain", "dropout", "norm", "spectral", "penalty", "labels"])
    def test_views_match_the_reference(self, backend: Backend, kind: str) -> None:
        """Three steps match the reference within 1e-9.

        The second view has a pass of its own: its dropout masks and batch statistics are its own,
        and it neither moves the running state nor sees it moved. Each kind runs if it is claimed.
        """
        require(backend, "float64")
        problem = view_problem(backend, kind)
        assert_matches_reference(backend, rgb_setup(problem, 2), 3, 1e-9)

    @level("numerics")
    @pytest.mark.parametrize("kind", ["plain", "dropout"])
    def test_a_block_with_views_equals_its_updates(self, backend: Backend, kind: str) -> None:
        """A block of steps leaves the state of its updates."""
        setup = rgb_setup(view_problem(backend, kind), 2)
        assert_block_equals_updates(backend, setup, setup.steps(0, 3))


def view_problem(backend: Backend, kind: str = "plain") -> Problem:
    """Return a problem whose term compares two views, of one `kind`, or skip."""
    columns = 1 + CLASSES
    plain = (Flatten(), Dense(16), Tanh(), Dense(columns))
    halved = Conv(4, 3, stride=2, padding=1, bias=False)
    changes: dict[str, dict[str, Any]] = {
        "plain": {},
        "dropout": {"discriminator": (Flatten(), Dense(9), Dropout(0.3), Tanh(), Dense(columns))},
        "norm": {"discriminator": (halved, BatchNorm(), LeakyReLU(0.2), Flatten(), Dense(columns))},
        "spectral": {"discriminator": (Flatten(), Dense(9, spectral=True), Tanh(), Dense(columns))},
        "penalty": {"penalties": (Penalty("real", 0.0, 0.5),)},
        "labels": {
            "classes": CLASSES,
            "terms": (
                INFORMATION,
                Term("cross-entropy", "real/digit", "label", ("discriminator",)),
            ),
        },
    }
    problem = rgb_problem(
        backend,
        (Dense(24), LeakyReLU(0.2), *TO_IMAGE),
        plain,
        heads={"digit": CLASSES},
        terms=(INFORMATION,),
        augment=Augment(policy=("brightness", "translation")),
        instance_noise=0.3,
    )
    return supported(backend, replace(problem, **changes[kind]))


def view_trainer(backend: Backend, problem: Problem) -> tuple[Trainer, Batch]:
    """Return a trainer after two steps, and a batch."""
    trainer, setup = ready(backend, problem), rgb_setup(problem)
    setup.updates(trainer, 0, 2)
    return trainer, setup.batch(2)


def information(of: Array, again: Array) -> float:
    """Return minus the mutual information of the classes of two views."""
    first, second = (np.exp(x - np.logaddexp.reduce(x, axis=1, keepdims=True)) for x in (of, again))
    joint = (first.T @ second + second.T @ first) / (2 * len(of))
    own = joint.sum(axis=1)
    return float(-np.sum(joint * np.log(joint / np.outer(own, own))))
