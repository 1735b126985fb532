"""Clauses on integration: all capabilities at once."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.contract import Backend, State, Trainer
from gankit.layers import is_running
from gankit.testing.agreement import assert_close, assert_identical, differing
from gankit.testing.clauses.blocks import assert_same_either_way
from gankit.testing.clauses.updates import each_player, take
from gankit.testing.faulty_states import assert_refused, moved
from gankit.testing.full_problems import FAMILIES, everything
from gankit.testing.harness import Setup, assert_follows_the_reference, ready, reference, require
from gankit.testing.level_marks import level
from gankit.testing.rgb import rgb_setup

STEPS = 5
each_family = pytest.mark.parametrize("family", FAMILIES)


@level("numerics")
class IntegrationClauses:
    """Integration: all that a backend claims in one problem, with two discriminator updates a step.

    One family has an auxiliary classifier, residual blocks, an adaptive augmentation and Adam, the
    other projects classes and has a relativistic loss, layer normalisation and a clipped RMSprop;
    both have classes in both networks, spectral norm, dropout, a lazy and another penalty,
    schedules, noise, flips and an average.
    """

    @each_family
    def test_the_whole_follows_the_reference(self, backend: Backend, family: str) -> None:
        """In float64, five steps give the reference's losses and state within 1e-8."""
        require(backend, "float64")
        assert_follows_the_reference(backend, taking(backend, family), STEPS, 1e-8)

    @level("protocol")
    @each_family
    @each_player
    def test_an_update_of_the_whole_moves_its_own(
        self, backend: Backend, family: str, player: str
    ) -> None:
        """An update changes its own network's part of the state, and nothing of the other's.

        An adaptive augmentation's chance belongs to the discriminator, average and `step` to the
        generator.
        """
        setup = taking(backend, family)
        trainer = ready(backend, setup.problem)
        setup.updates(trainer, 0, 1)
        before = trainer.state()
        take(trainer, player, setup.batch(1))
        changed = differing(trainer.state(), before)
        extra = ("ada/",) if player == "discriminator" else ("average/", "step")
        own = (f"{player}/", f"optimizer/{player}/", *extra)
        assert {name for name in changed if not name.startswith(own)} == set()
        running = {k for k in before if is_running(k) and before[k].size > 1}
        assert changed >= {name for name in running if name.startswith(f"{player}/")}

    @each_family
    def test_a_block_of_the_whole_equals_its_updates(self, backend: Backend, family: str) -> None:
        """A block leaves the state that its updates would leave.

        It looks up labels, flips images, and uses each update's random inputs and scalars.
        """
        setup = taking(backend, family)
        assert_same_either_way(backend, setup, setup.steps(0, STEPS))

    @each_family
    def test_a_block_of_the_whole_may_be_split(self, backend: Backend, family: str) -> None:
        """Blocks give the same bits wherever they are split, also between two penalties."""
        setup = taking(backend, family)
        trainer = ready(backend, setup.problem)
        first = trainer.state()
        whole = {"losses": setup.block(trainer, 0, STEPS)} | trainer.state()
        for split in (1, 2):
            trainer.load_state(first)
            parts = [setup.block(trainer, 0, split), setup.block(trainer, split, STEPS)]
            assert_identical({"losses": np.concatenate(parts)} | trainer.state(), whole)

    @level("resume")
    @each_family
    def test_the_whole_stops_and_goes_on(self, backend: Backend, family: str) -> None:
        """A run that stops after any step resumes to the same bits from its state alone."""
        setup = taking(backend, family)
        trainer = ready(backend, setup.problem)
        states = [trainer.state(), *(after(trainer, setup, r) for r in range(STEPS))]
        for stop in (3, 1, 4):
            trainer.load_state(states[stop])
            assert_identical(trainer.state(), states[stop])
            for r in range(stop, STEPS):
                after(trainer, setup, r)
            assert_identical(trainer.state(), states[STEPS])

    @level("resume")
    @each_family
    def test_the_whole_needs_every_part_of_its_state(self, backend: Backend, family: str) -> None:
        """A state without any one of running state, moments, chance or average is refused."""
        trainer = ready(backend, taking(backend, family).problem)
        state = moved(trainer.state())
        for name in state:
            if name.startswith(("ada/", "average/")) or is_running(name) or "/v/" in name:
                assert_refused(trainer, {k: array for k, array in state.items() if k != name})

    @level("portability")
    @each_family
    def test_the_whole_moves_there_and_back(self, backend: Backend, family: str) -> None:
        """A float64 run that continues in the reference, and here again, ends within 1e-9."""
        require(backend, "float64")
        setup = taking(backend, family)
        mine, other = (ready(b, setup.problem) for b in (backend, reference()))
        first = mine.state()
        setup.block(mine, 0, 3)
        stayed = mine.state()
        mine.load_state(first)
        for trainer, onward, r in ((mine, other, 0), (other, mine, 1), (mine, other, 2)):
            onward.load_state(after(trainer, setup, r))
        assert_close(mine.state(), stayed, 1e-9)


def taking(backend: Backend, family: str) -> Setup:
    """Return the setup over everything, two discriminator updates a step."""
    return rgb_setup(everything(backend, family), n_critic=2)


def after(trainer: Trainer, setup: Setup, step: int) -> State:
    """Run one step; return the state after it."""
    setup.block(trainer, step, step + 1)
    return trainer.state()
