"""Clauses on integration: all claimed capabilities in one problem."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.contract import Backend, State, Trainer
from gankit.layers import is_running
from gankit.testing.agreement import assert_close, assert_identical, differing
from gankit.testing.clauses.blocks import assert_block_equals_updates
from gankit.testing.clauses.updates import each_player, run_update
from gankit.testing.faulty_states import assert_refused, shifted
from gankit.testing.full_problems import FAMILIES, with_all_features
from gankit.testing.harness import Setup, assert_matches_reference, ready, reference, require
from gankit.testing.level_marks import level
from gankit.testing.rgb import rgb_setup

STEPS = 5
each_family = pytest.mark.parametrize("family", FAMILIES)


@level("numerics")
class IntegrationClauses:
    """Integration: all claimed capabilities in one problem, with two discriminator updates a step.

    One family has an auxiliary classifier, codes with heads, residual blocks, adaptive
    augmentation and Adam. The other has a projection of classes, a relativistic loss with a
    follower, layer normalisation and a clipped RMSprop. Both have class-conditional networks,
    spectral norm, dropout, two penalties of which one is lazy, schedules, instance noise, flips
    and an average.
    """

    @each_family
    def test_all_features_match_the_reference(self, backend: Backend, family: str) -> None:
        """In float64, five steps match the reference's losses and state within 1e-8."""
        require(backend, "float64")
        assert_matches_reference(backend, setup_with_all_features(backend, family), STEPS, 1e-8)

    @level("protocol")
    @each_family
    @each_player
    def test_an_update_with_all_features_changes_only_its_network(
        self, backend: Backend, family: str, player: str
    ) -> None:
        """An update changes the state of its own network, and nothing of the other's.

        Followers belong to the discriminator; the average and `step` belong to the generator.
        """
        setup = setup_with_all_features(backend, family)
        trainer = ready(backend, setup.problem)
        setup.updates(trainer, 0, 1)
        before = trainer.state()
        run_update(trainer, player, setup.batch(1))
        changed = differing(trainer.state(), before)
        extra = ("ada/", "loss/") if player == "discriminator" else ("average/", "step")
        own = (f"{player}/", f"optimizer/{player}/", *extra)
        assert {name for name in changed if not name.startswith(own)} == set()
        running = {k for k in before if is_running(k) and before[k].size > 1}
        assert changed >= {name for name in running if name.startswith(f"{player}/")}

    @each_family
    def test_a_block_with_all_features_equals_its_updates(
        self, backend: Backend, family: str
    ) -> None:
        """A block leaves the same state as its updates.

        It looks up labels, flips images, and uses each update's random inputs and scalars.
        """
        setup = setup_with_all_features(backend, family)
        assert_block_equals_updates(backend, setup, setup.steps(0, STEPS))

    @each_family
    def test_a_block_with_all_features_may_be_split(self, backend: Backend, family: str) -> None:
        """Two blocks give the same bits as one, also if split between two lazy penalties."""
        setup = setup_with_all_features(backend, family)
        trainer = ready(backend, setup.problem)
        first = trainer.state()
        unsplit = {"losses": setup.block(trainer, 0, STEPS)} | trainer.state()
        for split in (1, 2):
            trainer.load_state(first)
            parts = [setup.block(trainer, 0, split), setup.block(trainer, split, STEPS)]
            assert_identical({"losses": np.concatenate(parts)} | trainer.state(), unsplit)

    @level("resume")
    @each_family
    def test_all_features_resume_after_any_step(self, backend: Backend, family: str) -> None:
        """A run that stops after any step resumes from its state to the same bits."""
        setup = setup_with_all_features(backend, family)
        trainer = ready(backend, setup.problem)
        states = [trainer.state(), *(after_step(trainer, setup, r) for r in range(STEPS))]
        for stop in (3, 1, 4):
            trainer.load_state(states[stop])
            assert_identical(trainer.state(), states[stop])
            for r in range(stop, STEPS):
                after_step(trainer, setup, r)
            assert_identical(trainer.state(), states[STEPS])

    @level("resume")
    @each_family
    def test_all_features_refuse_an_incomplete_state(self, backend: Backend, family: str) -> None:
        """A state without an array of running state, moments, followers or average is refused."""
        trainer = ready(backend, setup_with_all_features(backend, family).problem)
        state = shifted(trainer.state())
        for name in state:
            if name.startswith(("ada/", "loss/", "average/")) or is_running(name) or "/v/" in name:
                assert_refused(trainer, {k: array for k, array in state.items() if k != name})

    @level("portability")
    @each_family
    def test_all_features_move_to_the_reference_and_back(
        self, backend: Backend, family: str
    ) -> None:
        """A float64 run continues on the reference and back, within 1e-9 of the same run here."""
        require(backend, "float64")
        setup = setup_with_all_features(backend, family)
        mine, other = (ready(b, setup.problem) for b in (backend, reference()))
        first = mine.state()
        setup.block(mine, 0, 3)
        stayed = mine.state()
        mine.load_state(first)
        for trainer, onward, r in ((mine, other, 0), (other, mine, 1), (mine, other, 2)):
            onward.load_state(after_step(trainer, setup, r))
        assert_close(mine.state(), stayed, 1e-9)


def setup_with_all_features(backend: Backend, family: str) -> Setup:
    """Return a setup with all features, and two discriminator updates a step."""
    return rgb_setup(with_all_features(backend, family), n_critic=2)


def after_step(trainer: Trainer, setup: Setup, step: int) -> State:
    """Run one step; return the state after it."""
    setup.block(trainer, step, step + 1)
    return trainer.state()
