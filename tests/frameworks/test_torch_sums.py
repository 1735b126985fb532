"""Several trainers of torch, in threads, compared with one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gankit import plugins
from gankit.config import from_settings
from gankit.contract import World
from gankit.data import glyphs
from gankit.functional import Framework, trainer
from gankit.layers import BatchNorm, Dense, Flatten, LeakyReLU
from gankit.losses import RELATIVISTIC_AVERAGE
from gankit.penalties import Penalty
from gankit.recipes import recipe
from gankit.testing import assert_close, assert_identical
from gankit.testing.full_problems import FAMILIES, with_all_features
from gankit.testing.harness import Setup
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.rgb import rgb_problem, rgb_setup
from gankit.training import StepShape, plan
from tests.selection import selected
from tests.thread_worlds import together

if not selected("torch"):
    pytest.skip("torch is not among the backends under test", allow_module_level=True)

import torch
from gankit_torch.operations import TorchOperations
from gankit_torch.sums import sums_of

BOUND = 1e-9
TORCH = plugins.get_backend("torch")


class TorchFramework(TorchOperations, Framework):
    """torch's tensors for the layers and updates of `gankit.functional`."""

    cross_entropy, shift = Framework.cross_entropy, Framework.shift

    def numpy(self, tensor, /):
        return np.array(tensor.detach().numpy())

    def value_and_grad(self, f, weights, /):
        leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
        value, extra = f(leaves)
        gradients = torch.autograd.grad(value, [*leaves.values()], materialize_grads=True)
        return value.detach(), detached(extra), dict(zip(leaves, gradients, strict=True))


def detached(extra):
    if isinstance(extra, tuple):
        return tuple(map(detached, extra))
    if isinstance(extra, dict):
        return {name: detached(tensor) for name, tensor in extra.items()}
    return extra.detach()


def by_torch(problem):
    return TORCH.trainer(problem)


def by_functional(problem):
    framework = TorchFramework(problem.precision, "cpu")
    framework.sums = sums_of(problem.world)
    return trainer(problem, framework)


def trained(setup, world=World(), build=by_torch, *, blocks=True, steps=4):  # noqa: B008 - frozen.
    """Train a new trainer; return the state, with "losses"."""
    made = build(dataclasses.replace(setup.problem, world=world))
    losses = (setup.block if blocks else setup.updates)(made, 0, steps)
    return made.state() | {"losses": losses}


def batch_norm_penalties(where):
    """Return a problem with a penalty through the discriminator's batch norm."""
    return rgb_problem(
        TORCH,
        (Dense(12), BatchNorm(0.9, 1e-3), LeakyReLU(0.2), *TO_IMAGE),
        (Flatten(), Dense(10), BatchNorm(0.9, 1e-3), LeakyReLU(0.2), Dense(1)),
        loss=RELATIVISTIC_AVERAGE,
        penalties=(Penalty(where, weight=0.5), Penalty("real", weight=0.5, every=2)),
    )


PROBLEMS = {family: lambda family=family: with_all_features(TORCH, family) for family in FAMILIES}
PROBLEMS |= {
    f"batch norm, {where}": lambda where=where: batch_norm_penalties(where)
    for where in ("fake", "between", "around")
}


@pytest.mark.parametrize("build", [by_torch, by_functional])
@pytest.mark.parametrize("name", PROBLEMS)
def test_several_processes_equal_one(name, build):
    setup = rgb_setup(PROBLEMS[name](), n_critic=2)
    one = trained(setup, build=build)
    for size in (2, 3):
        many = together(size, lambda world: trained(setup, world, build))
        assert_close(many[0], one, BOUND)
        for other in many[1:]:
            assert_identical(other, many[0])


@pytest.mark.parametrize("name", PROBLEMS)
def test_blocks_equal_steps_and_the_same_number_repeats(name):
    setup = rgb_setup(PROBLEMS[name](), n_critic=2)
    blocks, again, steps = (
        together(2, lambda world, blocks=blocks: trained(setup, world, blocks=blocks))[0]
        for blocks in (True, True, False)
    )
    assert_identical(again, blocks)
    assert_identical(steps, blocks)


@dataclasses.dataclass(frozen=True, eq=False)
class RecipeSetup(Setup):
    """A recipe's problem, in small batches that three processes cannot share evenly."""

    def steps(self, start, stop):
        return plan(self.problem, StepShape(10, self.n_critic), len(self.images), start, stop)


@pytest.mark.parametrize("name", sorted(plugins.recipes()))
def test_a_recipe_has_the_losses_of_one_process(name):
    images, labels = glyphs.draw(40)
    config = from_settings(recipe(name).settings | {"precision": "float64", "classes": 10})
    problem = config.problem((28, 28, 1), plugins.get_loss(config.loss))
    setup = RecipeSetup(problem, images, config.n_critic, labels if problem.classes else None)
    one = trained(setup, steps=2)
    many = together(3, lambda world: trained(setup, world, steps=2))
    for every in many:
        assert_close({"losses": every["losses"]}, {"losses": one["losses"]}, BOUND)
        assert_identical(every, many[0])
