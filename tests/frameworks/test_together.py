"""Backends compared with each other in one process."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pytest

from gankit import plugins
from gankit.config import from_settings
from gankit.contract import Precision
from gankit.layers import Dropout
from gankit.recipes import recipe
from gankit.testing import assert_close, images
from gankit.testing.clauses.layers import outputs
from gankit.testing.full_problems import FAMILIES, with_all_features
from gankit.testing.rgb import rgb_setup
from gankit.training import alternate, plan

BOUND = 1e-9
STEPS = 100
FRAMEWORKS = [
    b for b in os.environ.get("GANKIT_TEST_BACKENDS", "torch,keras").split(",") if b != "numpy"
]


@pytest.fixture(scope="module")
def digits():
    return images()


def simple(*, dropout: bool):
    """Return problem and step shape of `simple` in float64 with a small batch."""
    settings = recipe("simple").settings | {"precision": "float64", "batch": 16}
    config = from_settings(settings)
    problem = config.problem((28, 28, 1), plugins.get_loss(config.loss))
    if not dropout:
        kept = tuple(x for x in problem.discriminator if not isinstance(x, Dropout))
        problem = dataclasses.replace(problem, discriminator=kept)
    return problem, config.step_shape()


@pytest.fixture(scope="module", params=[False, True], ids=["no dropout", "dropout"])
def reference(request, digits):
    problem, step_shape = simple(dropout=request.param)
    trainer = plugins.get_backend("numpy").trainer(problem)
    block = plan(problem, step_shape, len(digits), 0, STEPS)
    losses = alternate(trainer, block.batches(problem, digits, None))
    return problem, block, losses, trainer.state()


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_the_seeds_recipe_gives_the_same_numbers_on_every_backend(name, reference, digits):
    problem, block, losses, state = reference
    trainer = plugins.get_backend(name).trainer(problem)
    trainer.place(digits, None)
    assert np.abs(trainer.train_block(block) - losses).max() <= BOUND
    made = trainer.state()
    assert made.keys() == state.keys()
    for key, wanted in state.items():
        assert np.abs(made[key] - wanted).max() <= BOUND * max(1, np.abs(wanted).max()), key


def whole(family: str, precision: Precision = "float64"):
    """Return the course of one of the families: convolutions, classes, penalties and others."""
    problem = with_all_features(plugins.get_backend("numpy"), family)
    return rgb_setup(dataclasses.replace(problem, precision=precision), n_critic=2)


@pytest.fixture(scope="module", params=FAMILIES)
def convolutional(request):
    course = whole(request.param)
    trainer = plugins.get_backend("numpy").trainer(course.problem)
    losses = course.block(trainer, 0, 20)
    return course, {"losses": losses} | trainer.state()


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_20_steps_with_all_features_give_the_same_numbers_on_every_backend(name, convolutional):
    course, wanted = convolutional
    trainer = plugins.get_backend(name).trainer(course.problem)
    losses = course.block(trainer, 0, 20)
    assert_close({"losses": np.asarray(losses)} | trainer.state(), wanted, 1e-8)


@pytest.mark.skipif(set(FRAMEWORKS) != {"torch", "keras"}, reason="it takes both frameworks")
@pytest.mark.parametrize(("precision", "bound"), [("float32", 1e-5), ("float64", 1e-10)])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_convolutional_pair_moves_between_frameworks(family, precision, bound):
    course = whole(family, precision)
    pair = [plugins.get_backend(name).trainer(course.problem) for name in ("torch", "keras")]
    for mine, other in (pair, pair[::-1]):
        course.updates(mine, 0, 3)
        for network in ("generator", "discriminator", "average"):
            getattr(other, network).load_weights(getattr(mine, network).weights())
        assert_close(outputs(other, course.problem), outputs(mine, course.problem), bound)
