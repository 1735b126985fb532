"""Several trainers of torch, in threads, compared with one."""

from __future__ import annotations

import pytest

from gankit import plugins
from gankit.testing import assert_close, assert_identical
from tests import world_problems
from tests.selection import selected
from tests.thread_worlds import together
from tests.world_problems import NAMES, trained

if not selected("torch"):
    pytest.skip("torch is not among the backends under test", allow_module_level=True)

from tests.torch_worlds import TORCH, by_functional, by_torch

BOUND = 1e-9


@pytest.mark.parametrize("build", [by_torch, by_functional])
@pytest.mark.parametrize("name", NAMES)
def test_several_processes_equal_one(name, build):
    setup = world_problems.setup(TORCH, name)
    one = trained(build, setup)
    for size in (2, 3):
        many = together(size, lambda world: trained(build, setup, world))
        assert_close(many[0], one, BOUND)
        for other in many[1:]:
            assert_identical(other, many[0])


@pytest.mark.parametrize("name", NAMES)
def test_blocks_equal_steps_and_the_same_number_repeats(name):
    setup = world_problems.setup(TORCH, name)
    blocks, again, steps = (
        together(2, lambda world, blocks=blocks: trained(by_torch, setup, world, blocks=blocks))[0]
        for blocks in (True, True, False)
    )
    assert_identical(again, blocks)
    assert_identical(steps, blocks)


@pytest.mark.parametrize("name", sorted(plugins.recipes()))
def test_a_recipe_has_the_losses_of_one_process(name):
    setup = world_problems.setup(TORCH, name)
    one = trained(by_torch, setup, steps=2)
    many = together(3, lambda world: trained(by_torch, setup, world, steps=2))
    for every in many:
        assert_close({"losses": every["losses"]}, {"losses": one["losses"]}, BOUND)
        assert_identical(every, many[0])
