"""Compare what the processes of a run train on: at the start, and before each checkpoint.

If a host has other images, settings or versions, the run would be wrong without a sign of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress

from gankit._utils.start_variables import name_of
from gankit.callbacks.boundaries import next_multiple
from gankit.contract import State, Trainer, World
from gankit.contract.whole_groups import check_groups
from gankit.errors import CheckpointError, ConfigError, DataError, GankitError, PeerLost
from gankit.launch.resolved_plan import ResolvedPlan
from gankit.training import Progress

DIGITS = 12
"""Hexadecimal digits of a digest that are compared; a meeting's numbers have at most 13."""


def check_same_start(plan: ResolvedPlan) -> None:
    """Compare versions, settings and images of all processes, a meeting.

    Raises
    ------
    DataError
        A process has other images than the chief.
    ConfigError
        A process has other settings or versions; or there are more processes than images in a
        batch, or the batch splits a group of images.
    """
    world = plan.problem.world
    world.rows(plan.config.batch)
    check_groups(plan.problem, plan.config.batch)
    if world.size == 1:
        return
    versions = {name: plan.environment[name] for name in ("gankit", "python", "libraries")}
    _compare(world, str(versions), lambda who: ConfigError(
        f"versions: {who} has other versions of gankit, Python or libraries; install the same"
    ))  # fmt: skip
    settings = {k: v for k, v in plan.config.settings().items() if k not in _local(plan)}
    _compare(world, f"{settings}{plan.loss_digest}", lambda who: ConfigError(
        f"settings: {who} has others; start every process with the same options; those of a "
        "resumed run are in its folder, which all must share"
    ))  # fmt: skip
    _compare(world, plan.digests["data_digest"], lambda who: DataError(
        f"dataset: {who} has other images; give every host the same"
    ))  # fmt: skip


def _local(plan: ResolvedPlan) -> set[str]:
    """Return the settings that may differ: where each host has the images, and its device."""
    return {"dataset", "device"} | (set() if plan.data.derived else {"source_images"})


class SameState:
    """A callback that compares the states of all processes before each checkpoint.

    Parameters
    ----------
    world
        The processes.
    every
        Steps between checkpoints; the states are also compared at the end.

    Raises
    ------
    CheckpointError
        A process has another state than the chief; nothing is saved.
    """

    def __init__(self, world: World, every: int) -> None:
        self._world, self._every = world, every

    def next_boundary(self, step: int, /) -> int:
        """Return the next multiple of `every`."""
        return next_multiple(step, self._every)

    def __call__(self, progress: Progress, /) -> None:
        """Compare the states if it is due."""
        if progress.step % self._every == 0 or progress.done:
            _compare(self._world, _digest(progress.trainer.state()), lambda who: CheckpointError(
                f"after step {progress.step} {who} has another state; its processor rounds "
                "differently, or a callback changed the trainer"
            ))  # fmt: skip

    finish = __call__


def share_state(world: World, trainer: Trainer) -> None:
    """Load the chief's state into the trainers of all other processes, a meeting."""
    if world.size == 1:
        return
    state = world.state_of_chief(trainer.state())
    if not world.chief:
        trainer.load_state(state)


def _compare(world: World, value: str, error: Callable[[str], GankitError]) -> None:
    """Raise an error in all processes if a value differs; its argument says whose.

    No process ends before the others know the values: they meet once more.
    """
    digest = hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()
    each = world.each(int(digest[:DIGITS], 16))
    for rank, other in enumerate(each):
        if other != each[0]:
            with suppress(PeerLost):
                world.each(0)
            raise error(name_of(rank, world.size))


def _digest(state: State) -> str:
    """Return the SHA-256 of the names and the bytes of a state, in hexadecimal."""
    sha = hashlib.sha256()
    for name in sorted(state):
        sha.update(name.encode())
        sha.update(state[name].tobytes())
    return sha.hexdigest()
