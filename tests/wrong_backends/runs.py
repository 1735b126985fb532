"""Backends whose blocks, or whose resumed runs, are wrong."""

import os
from dataclasses import replace

import numpy as np

from gankit.contract import add_prefix
from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.wrong_backend import caught_by


def rows(block, chosen):
    """Return the block with only the steps `chosen`, a slice."""
    return replace(
        block,
        start=block.start + (chosen.start or 0),
        index=block.index[chosen],
        noise=block.noise[chosen],
        random={name: draw[chosen] for name, draw in block.random.items()},
        scalars={name: rate[chosen] for name, rate in block.scalars.items()},
    )


@caught_by("test_a_block_equals_its_updates", "test_a_block_may_be_split_anywhere")
class DropsTheLastStep(CorrectTrainer):
    """Leaves out the last step of a block, and returns the losses before it twice."""

    def train_block(self, block):
        losses = super().train_block(rows(block, slice(0, -1)))
        return np.concatenate([losses, losses[-1:]]) if len(losses) else np.zeros((1, 2))


@caught_by("test_a_block_accepts_scaled_images", "test_a_block_equals_its_updates")
class ScalesPixelsItsOwnWay(CorrectTrainer):
    """Scales uint8 images to [0, 1] in a block."""

    def place(self, images, labels):
        scaled = images / np.float32(255) if images.dtype == np.uint8 else images
        super().place(scaled, labels)


@caught_by("test_a_block_equals_its_updates")
class TrainsTheCriticOnce(CorrectTrainer):
    """Runs one discriminator update per step in a block, whatever n_critic is."""

    def train_block(self, block):
        updates = [0, -1]
        once = replace(
            block,
            index=block.index[:, updates],
            noise=block.noise[:, updates],
            random={name: draw[:, updates] for name, draw in block.random.items()},
            scalars={name: rate[:, updates] for name, rate in block.scalars.items()},
        )
        return super().train_block(once)


@caught_by("test_a_block_uses_each_updates_scalars")
class SharesNoiseInBlocks(CorrectTrainer):
    """Gives the generator the discriminator's noise in a block, though it was to be fresh."""

    def train_block(self, block):
        noise = block.noise.copy()
        noise[:, -1] = noise[:, -2]
        return super().train_block(replace(block, noise=noise))


@caught_by("test_has_train_block_if_claimed")
class ClaimsBlocksItLacks(CorrectTrainer):
    """Has no `train_block` though it claims exact blocks."""

    train_block = None


@caught_by("test_a_block_supports_paired_losses")
class PairsOtherImages(CorrectTrainer):
    """Uses the images of the update before in the generator's update of a block."""

    def train_block(self, block):
        index = block.index.copy()
        index[:, -1] = index[:, -2]
        return super().train_block(replace(block, index=index))


@caught_by("test_a_block_uses_each_updates_scalars")
class TakesTheLastUpdatesScalars(CorrectTrainer):
    """Uses the scalars of a step's last update for all its updates in a block."""

    def train_block(self, block):
        scalars = {
            name: np.tile(rate[:, -1:], rate.shape[1]) for name, rate in block.scalars.items()
        }
        return super().train_block(replace(block, scalars=scalars))


@caught_by("test_a_block_returns_each_steps_losses")
class ReturnsTheMeanLosses(CorrectTrainer):
    """Returns a block's mean losses for each of its steps."""

    def train_block(self, block):
        losses = super().train_block(block)
        return np.broadcast_to(losses.mean(axis=0), losses.shape)


@caught_by("test_a_block_may_be_split_anywhere")
class KeysByThePlaceInTheBlock(CorrectTrainer):
    """Counts steps from the start of each block, not of the run."""

    def train_block(self, block):
        return super().train_block(replace(block, start=0))


@caught_by("test_blocks_and_updates_may_alternate", "test_a_native_block_equals_its_updates")
class TrainsOtherWeightsInBlocks(CorrectTrainer):
    """Runs blocks on other weights than updates."""

    def train_block(self, block):
        before = self.state()
        losses = super().train_block(block)
        self.load_state(before)
        return losses


@caught_by("test_a_block_accepts_images_in_a_file")
class ReadsTheStartOfAFile(CorrectTrainer):
    """Uses the first image of a file for all images."""

    def place(self, images, labels):
        if not isinstance(images, np.ndarray):
            images = np.repeat(images[:1], len(images), axis=0)
        super().place(images, labels)


@caught_by("test_placing_images_again_replaces_them")
class KeepsTheLargestSet(CorrectTrainer):
    """Keeps its images when fewer images are placed."""

    images = ()

    def place(self, images, labels):
        if len(images) > len(self.images):
            super().place(images, labels)


@caught_by("test_resumes_after_any_step", "test_a_run_moves_to_the_reference_and_back")
class ForgetsTheAverage(CorrectTrainer):
    """Resets the average when it loads a state."""

    def load_state(self, state):
        average = add_prefix("average", self.generator.weights()) if self.average else {}
        super().load_state({**state, **average})


@caught_by("test_resumes_after_any_step", "test_a_run_moves_to_the_reference_and_back")
class ForgetsMomentsOnLoading(CorrectTrainer):
    """Loads the weights, and sets Adam's moments to zero."""

    def load_state(self, state):
        moments = {name: np.zeros_like(a) for name, a in state.items() if "/m/" in name}
        super().load_state({**state, **moments})


@caught_by("test_same_seed_same_run")
class IsNotDeterministic(CorrectTrainer):
    """Starts with other weights each time."""

    def __init__(self, problem):
        super().__init__(problem)
        self._g.values["0.kernel"] += np.random.default_rng().normal() * 1e-3


@caught_by("test_another_seed_another_run")
class IgnoresTheSeed(CorrectTrainer):
    """Starts with the same weights, whatever the seed."""

    def __init__(self, problem):
        super().__init__(replace(problem, seed=0))


@caught_by("test_same_seed_in_fresh_processes")
class DependsOnItsProcess(CorrectTrainer):
    """Starts with weights that depend on the process."""

    def __init__(self, problem):
        super().__init__(problem)
        next(iter(self._g.values.values()))[...] += os.getpid() * 1e-6
