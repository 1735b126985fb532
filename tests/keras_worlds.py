"""Trainers of keras in several processes, which start this module, and in one, to compare with."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np

from gankit import plugins
from gankit.config import from_settings
from gankit.data import glyphs
from gankit.layers import BatchNorm, Dense, Flatten, LeakyReLU
from gankit.losses import RELATIVISTIC_AVERAGE
from gankit.penalties import Penalty
from gankit.recipes import recipe
from gankit.testing.full_problems import FAMILIES, with_all_features
from gankit.testing.harness import Setup
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.rgb import rgb_problem, rgb_setup
from gankit.training import StepShape, plan

KERAS = plugins.get_backend("keras")


@dataclasses.dataclass(frozen=True, eq=False)
class RecipeSetup(Setup):
    """A recipe's problem, in small batches that three processes cannot share evenly."""

    def steps(self, start, stop):
        return plan(self.problem, StepShape(10, self.n_critic), len(self.images), start, stop)


def of_recipe(name):
    images, labels = glyphs.draw(40)
    config = from_settings(recipe(name).settings | {"precision": "float64", "classes": 10})
    problem = config.problem((28, 28, 1), plugins.get_loss(config.loss))
    return RecipeSetup(problem, images, config.n_critic, labels if problem.classes else None)


def batch_norm_penalties(where):
    """Return a problem with a penalty through the discriminator's batch norm."""
    problem = rgb_problem(
        KERAS,
        (Dense(12), BatchNorm(0.9, 1e-3), LeakyReLU(0.2), *TO_IMAGE),
        (Flatten(), Dense(10), BatchNorm(0.9, 1e-3), LeakyReLU(0.2), Dense(1)),
        loss=RELATIVISTIC_AVERAGE,
        penalties=(Penalty(where, weight=0.5), Penalty("real", weight=0.5, every=2)),
    )
    return rgb_setup(problem, n_critic=2)


def setup(name):
    """Return the setup of a name: a family of full problems, a penalty's points or a recipe."""
    if name in FAMILIES:
        return rgb_setup(with_all_features(KERAS, name), n_critic=2)
    return batch_norm_penalties(name) if name in ("fake", "around") else of_recipe(name)


def trained(name, *, blocks=True):
    """Train a new trainer; return the state, with "losses"."""
    own = setup(name)
    trainer = KERAS.trainer(dataclasses.replace(own.problem, world=KERAS.world()))
    losses = (own.block if blocks else own.updates)(trainer, 0, 2 if name in RECIPES else 4)
    return trainer.state() | {"losses": losses}


RECIPES = plugins.recipes()


def main(folder, *names):
    """Train each problem in blocks and in steps, a recipe in blocks alone; save the states."""
    rank = KERAS.world().rank
    for name in names:
        ways = {"blocks": True} if name in RECIPES else {"blocks": True, "steps": False}
        for way, blocks in ways.items():
            np.savez(Path(folder) / f"{name}-{way}-{rank}.npz", **trained(name, blocks=blocks))


if __name__ == "__main__":
    main(*sys.argv[1:])
