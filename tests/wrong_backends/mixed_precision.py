"""Backends whose mixed precision is wrong."""

from dataclasses import replace

import numpy as np

from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.wrong_backend import caught_by


def coarse(array, bits):
    """Return float32 numbers with so many bits of their fractions alone."""
    kept = np.uint32(0xFFFFFFFF << (23 - bits) & 0xFFFFFFFF)
    return (np.asarray(array, np.float32).view(np.uint32) & kept).view(np.float32)


@caught_by("test_mixed_updates_are_close_to_float32")
class RoundsToTwoBits(CorrectTrainer):
    """Rounds gradients to two bits in mixed precision."""

    def update_discriminator(self, batch):
        if self.problem.mixed:
            batch = replace(batch, real=coarse(batch.real, 0), noise=coarse(batch.noise, 0))
        return super().update_discriminator(batch)


@caught_by("test_a_mixed_state_is_not_rounded")
class KeepsRoundedWeights(CorrectTrainer):
    """Rounds the weights, too, in mixed precision."""

    def update_generator(self, batch):
        loss = super().update_generator(batch)
        for array in self._g.weights.values() if self.problem.mixed else ():
            array[...] = coarse(array, 7)
        return loss


@caught_by("test_mixed_calls_compute_in_float32")
class ReturnsRoundedImages(CorrectTrainer):
    """Rounds its images in mixed precision."""

    def __init__(self, problem):
        super().__init__(problem)
        if problem.mixed:
            original = self.generator
            self.generator = Rounded(original.network)


class Rounded(CorrectTrainer.face):
    """A network whose output is rounded to seven bits."""

    def __call__(self, inputs, labels=None):
        return coarse(super().__call__(inputs, labels), 7)


@caught_by("test_a_mixed_block_equals_its_updates")
class RoundsInBlocksOnly(CorrectTrainer):
    """Rounds the images in blocks, and not in updates."""

    def train_block(self, block):
        if self.problem.mixed:
            block = replace(block, noise=coarse(block.noise, 7))
        return super().train_block(block)
