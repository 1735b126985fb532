"""Narrow recipes of each family train the same numbers on every backend, at several sizes."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest

from gankit import plugins
from gankit.config.layering import config_of, from_recipe, with_layers
from gankit.optimizers import SGD
from gankit.testing import assert_close
from gankit.training import alternate, plan
from tests.selection import selected

BOUND = 1e-9
STEPS = 2
DESCENT = SGD(learning_rate=0.01)
SHAPES = [(28, 28, 1), (32, 32, 3), (48, 64, 3), (64, 64, 1)]
WIDTHS = {"simple": 4, "dcgan": 4, "wgan-gp": 3, "sn-hinge": 2, "projection": 3, "r3gan": 8}
BACKENDS = [name for name in ("numpy", "torch", "keras") if selected(name)]


def configured(name, shape):
    """Return a narrow recipe in float64; "sn-resnet" is the family with the settings of dcgan."""
    recipe, family = (name, {}) if name in WIDTHS else ("dcgan", {"family": name})
    changes = {"width": WIDTHS.get(name, 2), "precision": "float64", "batch": 3, "n_critic": 1}
    return config_of(with_layers([from_recipe(recipe), ("test", changes | family)], shape))


def trained(name, shape, backend):
    """Return the losses and the state after two steps of gradient descent.

    Adam divides the gradient of a bias before batch normalisation, which is rounding, by its own
    size. Images are real numbers, because means of uint8 levels may be 0, where a leaky ReLU has no
    derivative.
    """
    config = configured(name, shape)
    random = np.random.default_rng(0)
    images = random.uniform(-1, 1, (9, *shape))
    labels = np.arange(9, dtype=np.int64) % 3
    if config.conditional:
        config = dataclasses.replace(config, classes=3)
    problem = dataclasses.replace(
        config.problem(shape, plugins.get_loss(config.loss)),
        generator_optimizer=DESCENT,
        discriminator_optimizer=DESCENT,
    )
    trainer = plugins.get_backend(backend).trainer(problem)
    block = plan(problem, config.step_shape(), len(images), 0, STEPS)
    given = labels if config.conditional else None
    losses = alternate(trainer, block.batches(problem, images, given))
    return {"losses": np.asarray(losses)} | dict(trainer.state())


@functools.cache
def reference(name, shape):
    return trained(name, shape, "numpy")


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
@pytest.mark.parametrize("name", [*WIDTHS, "sn-resnet"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_narrow_recipe_trains_the_same_numbers_at_every_size(backend, name, shape):
    if backend == "numpy":
        assert all(np.isfinite(array).all() for array in reference(name, shape).values())
        return
    assert_close(trained(name, shape, backend), reference(name, shape), BOUND)
