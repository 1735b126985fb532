"""In float64, blocks give the same numbers as the NumPy reference."""

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


def simple():
    """Return a setup of the recipe `simple`, with dropout, and a number of steps."""
    config = from_settings(recipe("simple").settings | {"precision": "float64"})
    problem = config.problem((28, 28, 1), plugins.get_loss(config.loss))
    return Setup(problem, images()), 40


def full(family):
    """Return a setup of all capabilities of this backend in one family of networks, and steps."""
    problem = with_all_features(gankit.get_backend("jax"), family)
    problem = dataclasses.replace(problem, precision="float64")
    return rgb_setup(problem, n_critic=2), 20


@pytest.mark.parametrize("kind", ["simple", *FAMILIES])
def test_a_block_gives_the_references_numbers(kind):
    setup, steps = simple() if kind == "simple" else full(kind)
    results = []
    for name in ("jax", "numpy"):
        trainer = gankit.get_backend(name).trainer(setup.problem)
        losses = setup.block(trainer, 0, steps)
        results.append({"losses": losses} | trainer.state())
    assert_close(*results, BOUND)


def test_numbers_of_float32_stay_float32():
    problem = dataclasses.replace(simple()[0].problem, precision="float32")
    trainer = gankit.get_backend("jax").trainer(problem)
    Setup(problem, images()).block(trainer, 0, 5)
    dtypes = {str(a.dtype) for n, a in trainer.state().items() if n[-2:] != "/t" and n != "step"}
    assert dtypes == {"float32"}
    assert trainer.generator(np.zeros((2, problem.latent))).dtype == "float32"


def test_blocks_of_every_length_share_one_compiled_function():
    setup, _ = simple()
    trainer = gankit.get_backend("jax").trainer(setup.problem)
    for start, stop in ((0, 5), (5, 6), (6, 14)):
        setup.block(trainer, start, stop)
    assert trainer._steps._cache_size() == 1
