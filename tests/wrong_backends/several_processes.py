"""Backends that are wrong if several processes train a run.

The correct one computes the whole batch in every process.
"""

import os
from dataclasses import replace

import numpy as np

from gankit.contract import World
from gankit.contract.world import ALONE
from gankit.errors import PeerLost
from gankit.testing.started_together import STEPS
from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.declarations import Lax
from tests.wrong_backends.sockets import join
from tests.wrong_backends.wrong_backend import caught_by


class Several(CorrectTrainer):
    """A correct backend that knows its world."""

    @property
    def world(self):
        """The processes."""
        return self.problem.world


@caught_by("test_can_join_if_claimed", join=None)
class CannotJoin(CorrectTrainer):
    """Claims that it trains in several processes, but cannot join them."""


@caught_by("test_several_processes_equal_one", "test_all_processes_have_the_same_bits")
class TrainsOnItsRowsAlone(Several):
    """Takes its rows of the batch, and sums nothing."""

    def update_discriminator(self, batch):
        """Update on its rows."""
        return super().update_discriminator(self._own(batch))

    def update_generator(self, batch):
        """Update on its rows."""
        return super().update_generator(self._own(batch))

    def _own(self, batch):
        rows = self.world.rows(len(batch.noise))
        labels = None if batch.labels is None else batch.labels[rows]
        random = {name: array[rows] for name, array in batch.random.items()}
        return replace(
            batch, real=batch.real[rows], noise=batch.noise[rows], labels=labels, random=random
        )


@caught_by("test_all_processes_have_the_same_bits")
class RoundsByRank(Several):
    """Leaves another last bit in each process."""

    def state(self):
        """Return the state, a kernel of it changed in the last bits."""
        state = super().state()
        name = next(name for name in state if name.endswith(".kernel"))
        return state | {name: state[name] * (1 + 1e-15 * self.world.rank)}


@caught_by("test_a_block_of_several_processes_equals_its_updates")
class BlocksDiffer(Several):
    """Returns other losses from a block of several processes."""

    def train_block(self, block):
        """Return losses that are larger by a little."""
        return super().train_block(block) + (1e-5 if self.world.size > 1 else 0)


@caught_by("test_a_block_of_several_processes_may_be_split")
class SplitsDiffer(Several):
    """Rounds the losses of a short block of several processes."""

    def train_block(self, block):
        """Return losses of fewer digits if the block is short."""
        losses = super().train_block(block)
        return np.round(losses, 12) if self.world.size > 1 and len(block) < STEPS else losses


@caught_by("test_one_process_continues_what_two_trained")
class SavesNoMoments(Several):
    """Saves no running means of the optimizers in several processes."""

    def state(self):
        """Return the state with zeros in place of the means."""
        state = super().state()
        lost = {
            name: np.zeros_like(array)
            for name, array in state.items()
            if self.world.size > 1 and "/m/" in name
        }
        return state | lost


@caught_by("test_several_processes_continue_what_one_trained")
class LoadsNoMoments(Several):
    """Loads no running means of the optimizers in several processes."""

    def load_state(self, state):
        """Load the state with zeros in place of the means."""
        lost = {name: np.zeros_like(array) for name, array in state.items() if "/m/" in name}
        super().load_state(state | (lost if self.world.size > 1 else {}))


@caught_by("test_refuses_what_needs_one_process", kind=Lax)
class BuildsMixed(CorrectTrainer):
    """Builds mixed precision and native networks in several processes too."""


@caught_by("test_refuses_fewer_images_than_processes")
class AcceptsTooFewImages(CorrectTrainer):
    """Trains on a batch that leaves a process without an image."""

    def __init__(self, problem):
        super().__init__(replace(problem, world=ALONE))


@caught_by("test_all_processes_diverge_at_the_same_step")
class DivergesByRank(Several):
    """Returns other losses that are not finite in each process."""

    def train_block(self, block):
        """Return infinity in place of what is not a number, in all processes but the first."""
        losses = super().train_block(block)
        return np.where(np.isnan(losses), np.inf, losses) if self.world.rank else losses


def quiet_join(this):
    """Join, and end without a message if another process is lost."""
    world = join(this)

    def total(numbers):
        try:
            return world.total(numbers)
        except PeerLost:
            os._exit(0)

    return World(world.rank, world.size, total)


@caught_by("test_a_lost_process_ends_the_others", join=quiet_join)
class EndsWithoutAnError(CorrectTrainer):
    """Ends without an error if another process is lost."""
