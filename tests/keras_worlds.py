"""Trainers of keras in several processes, which start this module, and in one, to compare with."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from gankit import plugins
from gankit.contract import World
from tests import world_problems

KERAS = plugins.get_backend("keras")
RECIPES = plugins.recipes()


def trained(name, world=World(), *, blocks=True):  # noqa: B008 - frozen.
    """Train a problem of `world_problems`; return the state, with "losses"."""
    setup, steps = world_problems.setup(KERAS, name), 2 if name in RECIPES else 4
    return world_problems.trained(KERAS.trainer, setup, world, blocks=blocks, steps=steps)


def threads_left(world, sums):
    """Return the number of threads that so many sums leave."""
    tasks = Path("/proc/self/task")
    before = len(list(tasks.iterdir()))
    for _ in range(sums):
        world.total(np.zeros(3))
    return len(list(tasks.iterdir())) - before


def main(folder, *names):
    """Train each problem in blocks and in steps, a recipe in blocks alone; save the states.

    Save the number of threads that sums leave, too.
    """
    world = KERAS.world()
    for name in names:
        ways = {"blocks": True} if name in RECIPES else {"blocks": True, "steps": False}
        for way, blocks in ways.items():
            file = Path(folder) / f"{name}-{way}-{world.rank}.npz"
            np.savez(file, **trained(name, world, blocks=blocks))
    np.save(Path(folder) / f"threads-{world.rank}.npy", threads_left(world, sums=50))


if __name__ == "__main__":
    main(*sys.argv[1:])
