"""Problems that are trained in several processes and in one, to be compared."""

from __future__ import annotations

import dataclasses

import numpy as np

from gankit import plugins
from gankit.config import from_settings
from gankit.contract import World
from gankit.data import glyphs
from gankit.data.derived_sources import DERIVED, derived
from gankit.layers import BatchNorm, Dense, Flatten, LeakyReLU
from gankit.losses import RELATIVISTIC_AVERAGE
from gankit.penalties import Penalty
from gankit.recipes import recipe
from gankit.testing.clauses.sources import KINDS, source_problem, source_setup
from gankit.testing.full_problems import FAMILIES, with_all_features
from gankit.testing.harness import Setup
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.rgb import rgb_problem, rgb_setup

PENALISED = {f"batch norm, {where}": where for where in ("fake", "between", "around")}
"""Problems with a penalty through a batch norm, and where it takes the gradient."""
TRANSLATING = {f"sources, {kind}": kind for kind in KINDS}
"""Problems with sources, and their kind."""
NAMES = (*FAMILIES, *PENALISED, *TRANSLATING)


def setup(backend, name):
    """Return the setup of one of `NAMES` or of a recipe, for a backend."""
    if name in FAMILIES:
        return rgb_setup(with_all_features(backend, name), n_critic=2)
    if name in PENALISED:
        return rgb_setup(batch_norm_penalties(backend, PENALISED[name]), n_critic=2)
    if name in TRANSLATING:
        problem = source_problem(backend, TRANSLATING[name])
        return dataclasses.replace(source_setup(problem, n_critic=2), batch_size=10)
    return of_recipe(name)


def batch_norm_penalties(backend, where):
    """Return a problem with penalties through the discriminator's batch norm."""
    return rgb_problem(
        backend,
        (Dense(12), BatchNorm(0.9, 1e-3), LeakyReLU(0.2), *TO_IMAGE),
        (Flatten(), Dense(10), BatchNorm(0.9, 1e-3), LeakyReLU(0.2), Dense(1)),
        loss=RELATIVISTIC_AVERAGE,
        penalties=(Penalty(where, weight=0.5), Penalty("real", weight=0.5, every=2)),
    )


def of_recipe(name):
    """Return a recipe's problem, in small batches that three processes cannot share evenly."""
    images, labels = glyphs.draw(40)
    config = from_settings(recipe(name).settings | {"precision": "float64", "classes": 10})
    shape = config.image_shape if config.source else (28, 28, 1)
    problem = config.problem(shape, plugins.get_loss(config.loss))
    images = np.repeat(images, shape[2], axis=3)
    labels = labels if problem.classes else None
    source = sources(images, config.source_images) if config.source else None
    return Setup(problem, images, config.n_critic, labels, batch_size=10, source=source)


def trained(build, setup, world=World(), *, blocks=True, steps=4):  # noqa: B008 - frozen.
    """Train a trainer that `build` makes for the problem; return its state, with "losses"."""
    made = build(dataclasses.replace(setup.problem, world=world))
    losses = (setup.block if blocks else setup.updates)(made, 0, steps)
    return made.state() | {"losses": losses}


def sources(images, kind):
    """Return sources: computed from the images, or in place of those of another data set."""
    return derived(images, kind) if kind in DERIVED else images[::-1]
