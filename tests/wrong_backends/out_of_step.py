"""Backends whose processes do not stay in step, for the tests of `tests.lockstep`."""

import os
import time
from dataclasses import replace

from tests.wrong_backends.correct import CORRECT
from tests.wrong_backends.several_processes import RoundsByRank, Several


class Ends(Several):
    """Ends the last process in its first update."""

    def update_generator(self, batch):
        """End, or update."""
        if self.world.rank == self.world.size - 1:
            os._exit(3)
        return super().update_generator(batch)


class Waits(Several):
    """Waits in the last process, in its first update."""

    def update_generator(self, batch):
        """Wait, or update."""
        if self.world.rank == self.world.size - 1:
            time.sleep(600)
        return super().update_generator(batch)


class WithoutBlocks(Several):
    """Has no blocks."""

    train_block = None


def lacks_blocks(problem):
    """Return a trainer that has blocks in the first process alone."""
    return (Several if problem.world.chief else WithoutBlocks)(problem)


OUT_OF_STEP = [
    replace(CORRECT, name=name, build=build)
    for name, build in {
        "ends": Ends,
        "waits": Waits,
        "lacks-blocks": lacks_blocks,
        "rounds": RoundsByRank,
    }.items()
]
