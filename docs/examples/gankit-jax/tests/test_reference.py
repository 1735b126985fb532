"""In float64, whole blocks give the NumPy reference's numbers."""

import dataclasses

import gankit
import numpy as np
import pytest
from gankit import plugins
from gankit.config import from_settings
from gankit.recipes import recipe
from gankit.testing import assert_close, images
from gankit.testing.full_problems import FAMILIES, with_all_features
from gankit.testing.harness import Setup
from gankit.testing.rgb import rgb_setup

BOUND = 1e-9


def seeds():
    """Return the course of the seed's networks, with dropout."""
    config = from_settings(recipe("simple").settings | {"precision": "float64"})
    problem = config.problem((28, 28, 1), plugins.get_loss(config.loss))
    return Setup(problem, images()), 40


def whole(family):
    """Return the course of all that this backend can do, in one family of networks."""
    problem = with_all_features(gankit.get_backend("jax"), family)
    problem = dataclasses.replace(problem, precision="float64")
    return rgb_setup(problem, n_critic=2), 20


@pytest.mark.parametrize("kind", ["seeds", *FAMILIES])
def test_a_block_gives_the_references_numbers(kind):
    put, steps = seeds() if kind == "seeds" else whole(kind)
    ends = []
    for name in ("jax", "numpy"):
        trainer = gankit.get_backend(name).trainer(put.problem)
        losses = put.block(trainer, 0, steps)
        ends.append({"losses": losses} | trainer.state())
    assert_close(*ends, BOUND)


def test_numbers_of_float32_stay_float32():
    problem = dataclasses.replace(seeds()[0].problem, precision="float32")
    trainer = gankit.get_backend("jax").trainer(problem)
    Setup(problem, images()).block(trainer, 0, 5)
    kinds = {str(a.dtype) for n, a in trainer.state().items() if n[-2:] != "/t" and n != "step"}
    assert kinds == {"float32"}
    assert trainer.generator(np.zeros((2, problem.latent))).dtype == "float32"
