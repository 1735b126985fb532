"""Saboteurs of mixed training."""

from dataclasses import replace

import numpy as np

from tests.saboteurs.honest import HonestTrainer
from tests.saboteurs.saboteur import caught_by


def coarse(array, bits):
    """Return float32 numbers with so many bits of their fractions alone."""
    kept = np.uint32(0xFFFFFFFF << (23 - bits) & 0xFFFFFFFF)
    return (np.asarray(array, np.float32).view(np.uint32) & kept).view(np.float32)


@caught_by("test_mixed_updates_are_close_to_float32")
class RoundsToTwoBits(HonestTrainer):
    """Steps the gradients' way with two bits where training is mixed."""

    def update_discriminator(self, batch):
        if self.problem.mixed:
            batch = replace(batch, real=coarse(batch.real, 0), noise=coarse(batch.noise, 0))
        return super().update_discriminator(batch)


@caught_by("test_a_mixed_state_is_not_rounded")
class KeepsRoundedWeights(HonestTrainer):
    """Steps the weights, too, where training is mixed."""

    def update_generator(self, batch):
        loss = super().update_generator(batch)
        for array in self._g.weights.values() if self.problem.mixed else ():
            array[...] = coarse(array, 7)
        return loss


@caught_by("test_mixed_calls_compute_in_float32")
class AnswersRounded(HonestTrainer):
    """Steps its images where training is mixed."""

    def __init__(self, problem):
        super().__init__(problem)
        if problem.mixed:
            honest = self.generator
            self.generator = Rounded(honest.network)


class Rounded(HonestTrainer.face):
    """A network that answers with seven bits."""

    def __call__(self, inputs, labels=None):
        return coarse(super().__call__(inputs, labels), 7)


@caught_by("test_a_mixed_block_equals_its_updates")
class MixesInBlocksAlone(HonestTrainer):
    """Steps the images in blocks, and not in updates."""

    def train_block(self, block):
        if self.problem.mixed:
            block = replace(block, noise=coarse(block.noise, 7))
        return super().train_block(block)
