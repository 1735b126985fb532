"""Backends that fail in runs with all features."""

from dataclasses import replace

import numpy as np

from gankit.layers import is_running
from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.declarations import WITHOUT, Lax
from tests.wrong_backends.wrong_backend import caught_by


@caught_by("test_a_block_with_all_features_equals_its_updates")
class DoesNotMirrorInBlocks(CorrectTrainer):
    """Does not mirror images in a block."""

    def train_block(self, block):
        draws = {name: draw for name, draw in block.random.items() if name != "flip"}
        return super().train_block(replace(block, random=draws))


@caught_by("test_a_block_with_all_features_equals_its_updates")
class TakesTheFirstLabelsInBlocks(CorrectTrainer):
    """Uses the data set's first labels in a block, whatever its images."""

    def place(self, images, labels):
        super().place(images, None if labels is None else np.sort(labels))


@caught_by("test_a_block_with_all_features_may_be_split")
class CountsPenaltiesByTheBlock(CorrectTrainer):
    """Counts the updates between two penalties from the start of each block."""

    def train_block(self, block):
        lazy = block.scalars.get("penalty/0")
        if lazy is None:
            return super().train_block(block)
        scalars = {**block.scalars, "penalty/0": np.full_like(lazy, lazy.max())}
        scalars["penalty/0"][1:] = 0
        return super().train_block(replace(block, scalars=scalars))


@caught_by(
    "test_all_features_resume_after_any_step", "test_all_features_move_to_the_reference_and_back"
)
class ForgetsItsProbability(CorrectTrainer):
    """Resets the augmentation probability when it loads a state."""

    def load_state(self, state):
        chance = {name: np.zeros_like(a) for name, a in state.items() if name.startswith("ada/")}
        super().load_state({**state, **chance})


@caught_by(
    "test_all_features_resume_after_any_step", "test_all_features_move_to_the_reference_and_back"
)
class ForgetsSpectralVectors(CorrectTrainer):
    """Resets the vectors of spectral normalisation when it loads a state."""

    def load_state(self, state):
        vectors = {name: np.ones_like(a) for name, a in state.items() if name.endswith("_u")}
        super().load_state({**state, **vectors})


@caught_by("test_builds_what_it_claims", kind=Lax, capabilities=WITHOUT["conv"])
class BuildsUnclaimedConvolutions(CorrectTrainer):
    """Builds convolutions, which it does not claim."""


@caught_by("test_an_update_with_all_features_changes_only_its_network")
class ChangesItsProbabilityTwice(CorrectTrainer):
    """Counts the generator's updates for the augmentation probability, too."""

    def update_generator(self, batch):
        if self._ada:
            self._ada.values["updates"] += 1
        return super().update_generator(batch)


@caught_by("test_all_features_refuse_an_incomplete_state")
class NeedsNoRunningState(CorrectTrainer):
    """Accepts a state without running state and keeps its own."""

    def load_state(self, state):
        own = {name: a for name, a in self._values().items() if is_running(name)}
        super().load_state({**own, **state})
