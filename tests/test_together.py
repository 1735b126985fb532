"""What holds between backends, with each of them in one process."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pytest

from gankit import plugins
from gankit.config import from_settings
from gankit.layers import Dropout
from gankit.recipes import recipe
from gankit.testing import images
from gankit.training import alternate, plan

BOUND = 1e-9
ROUNDS = 100
FRAMEWORKS = [b for b in os.environ.get("GANKIT_TEST_BACKENDS", "torch,keras").split(",")
              if b != "numpy"]  # fmt: skip


@pytest.fixture(scope="module")
def digits():
    return images()


def simple(*, dropout: bool):
    """Return the seed's problem and regime, in float64, with a small batch."""
    settings = recipe("simple").settings | {"precision": "float64", "batch": 16}
    config = from_settings(settings)
    problem = config.problem((28, 28, 1), plugins.get_loss(config.loss))
    if not dropout:
        kept = tuple(x for x in problem.discriminator if not isinstance(x, Dropout))
        problem = dataclasses.replace(problem, discriminator=kept)
    return problem, config.regime()


@pytest.fixture(scope="module", params=[False, True], ids=["no dropout", "dropout"])
def reference(request, digits):
    problem, regime = simple(dropout=request.param)
    trainer = plugins.get_backend("numpy").trainer(problem)
    block = plan(problem, regime, len(digits), 0, ROUNDS)
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
