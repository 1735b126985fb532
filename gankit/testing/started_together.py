"""Train in several child processes that are started together, and in one, to compare with.

`python -m gankit.testing.started_together BACKEND RANK SIZE PORT FOLDER` trains the families that
`TRAINED` has for SIZE, and writes its arrays into FOLDER. Then it gives its trainer too few images,
and lets a run diverge. Last, the process of the last rank ends, and each other one sends how many
seconds later it found that out.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gankit._utils.child_group import free_ports
from gankit._utils.child_process import Message, answers, channel
from gankit._utils.start_variables import on_this_machine
from gankit.contract import Backend, State, Trainer, World, add_prefix, strip_prefix
from gankit.contract.world import ALONE
from gankit.errors import ConfigError, Diverged, PeerLost
from gankit.losses import RELATIVISTIC_AVERAGE
from gankit.plugins import get_backend
from gankit.testing.full_problems import FAMILIES, with_all_features
from gankit.testing.harness import Setup, ready
from gankit.testing.rgb import rgb_setup
from gankit.training import StepShape, fit

SECONDS = 600.0
"""Time limit of a child process, in seconds."""
MIDDLE, STEPS = 2, 4
"""The step of the state "middle", and the steps of a run."""
TRAINED = {2: FAMILIES, 3: FAMILIES[:1]}
"""The families that each number of processes trains: a framework may compile for long."""
UPDATED = 2
"""The number of processes that also train update by update, for the same reason."""
ONE = "one.npz"
"""The file with the arrays of one process."""
HUGE = 1e200
"""A learning rate of a run that diverges."""


def setup_of(backend: Backend, family: str, world: World = ALONE) -> Setup:
    """Return a problem with every capability of a backend, in a world; alone by default.

    One family has a loss that depends on the means of all logits.
    """
    problem = replace(with_all_features(backend, family), world=world)
    if family == FAMILIES[0]:
        problem = replace(problem, loss=RELATIVISTIC_AVERAGE)
    return rgb_setup(problem, n_critic=2)


def trained(trainer: Trainer, setup: Setup) -> State:
    """Train from the first state in one block, and in two; return all states.

    The names are "block/...", "middle/...", after the first of two blocks, and "blocks/...". Each
    but the middle has "losses".
    """
    first = trainer.state()
    losses = setup.block(trainer, 0, STEPS)
    made = add_prefix("block", trainer.state() | {"losses": losses})
    trainer.load_state(first)
    losses = setup.block(trainer, 0, MIDDLE)
    made |= add_prefix("middle", trainer.state())
    losses = np.concatenate([losses, setup.block(trainer, MIDDLE, STEPS)])
    made |= add_prefix("blocks", trainer.state() | {"losses": losses})
    trainer.load_state(first)
    return made


def updated(trainer: Trainer, setup: Setup) -> State:
    """Train update by update; return the last state, with "losses"."""
    losses = setup.updates(trainer, 0, STEPS)
    return trainer.state() | {"losses": losses}


def continued(trainer: Trainer, setup: Setup, middle: State) -> State:
    """Continue from the state "middle" of another number of processes; return the last state."""
    trainer.load_state(middle)
    setup.block(trainer, MIDDLE, STEPS)
    return trainer.state()


@functools.cache
def one_process(backend: Backend) -> State:
    """Return what `trained` returns in one process, under the name of each family."""
    made: State = {}
    for family in FAMILIES:
        setup = setup_of(backend, family)
        made |= add_prefix(family, trained(ready(backend, setup.problem), setup))
    return made


@functools.cache
def processes(backend: Backend, size: int) -> list[tuple[Message, State]]:
    """Return the messages and the arrays of several processes of a backend, in rank order.

    The arrays are those of `trained`, under the name of each family; "continued/..." is the last
    state of a run that continues that of one process, and `UPDATED` processes also have
    "updates/...".

    The messages have "refused", whether a batch with fewer images than processes was refused and
    changed nothing; "diverged", the error of a run that diverges; and of all but the last process
    "lost", the seconds until it found out that the last one had ended.
    """
    port = str(free_ports(size + 1))
    with tempfile.TemporaryDirectory() as folder:
        _write(folder, ONE, one_process(backend))
        calls = [[backend.name, str(rank), str(size), port, folder] for rank in range(size)]
        sent = answers("gankit.testing.started_together", *calls, limit=SECONDS)
        if faults := [message["fault"] for message in sent if "fault" in message]:
            pytest.fail(faults[0])
        return [(sent[rank], _read(folder, f"{rank}.npz")) for rank in range(size)]


def part_of(arrays: State, family: str, part: str) -> State:
    """Return one state of a family from the arrays of a process; `part` as in `trained`."""
    return strip_prefix(arrays, f"{family}/{part}")


def _write(folder: str, name: str, arrays: State) -> None:
    np.savez(Path(folder, name), **arrays)  # type: ignore[arg-type]


def _read(folder: str, name: str) -> State:
    with np.load(Path(folder, name), allow_pickle=False) as stored:
        return dict(stored)


def _refuses(trainer: Trainer, setup: Setup) -> bool:
    """Return whether both updates refuse a batch of one image less than there are processes."""
    world, before = setup.problem.world, trainer.state()
    batch = replace(setup, batch_size=world.size - 1).batch()
    for update in (trainer.update_discriminator, trainer.update_generator):
        try:
            update(batch)
        except ConfigError:
            continue
        return False
    after = trainer.state()
    return all(after[name].tobytes() == array.tobytes() for name, array in before.items())


def _divergence(trainer: Trainer, setup: Setup) -> str:
    """Return the error of a run whose weights grow until a loss is not finite."""
    problem = replace(
        setup.problem,
        generator_optimizer=replace(setup.problem.generator_optimizer, learning_rate=HUGE),
        discriminator_optimizer=replace(setup.problem.discriminator_optimizer, learning_rate=HUGE),
    )
    shape = StepShape(setup.batch_size, setup.n_critic)
    try:
        fit(trainer, problem, shape, setup.images, setup.labels, steps=50)
    except Diverged as error:
        return str(error)
    return ""


def _seconds_until_lost(trainer: Trainer, setup: Setup) -> float:
    """Train and meet until another process has ended; return how long that took."""
    began = time.monotonic()
    try:
        while True:
            setup.problem.world.any(False)
            setup.block(trainer, 0, 1)
    except PeerLost:
        return time.monotonic() - began


def _main(name: str, rank: str, size: str, port: str, folder: str) -> None:
    os.environ.update(on_this_machine(int(rank), int(size), int(port)))
    send, backend = channel(), get_backend(name)
    world = backend.world()
    one = _read(folder, ONE)
    made: State = {}
    for family in reversed(TRAINED[world.size]):  # The first one last: no clip keeps it finite.
        setup = setup_of(backend, family, world)
        trainer = backend.trainer(setup.problem)
        made |= add_prefix(family, trained(trainer, setup))
        if world.size == UPDATED:
            made |= add_prefix(f"{family}/updates", updated(trainer, setup))
        last = continued(trainer, setup, part_of(one, family, "middle"))
        made |= add_prefix(f"{family}/continued", last)
    _write(folder, f"{rank}.npz", made)
    send({"refused": _refuses(trainer, setup), "diverged": _divergence(trainer, setup)})
    trainer.load_state(last)
    world.any(False)
    if world.rank == world.size - 1:
        send({"done": True})
        os._exit(0)  # As a killed process: it says goodbye to no other.
    send({"lost": _seconds_until_lost(trainer, setup), "done": True})


if __name__ == "__main__":
    _main(*sys.argv[1:])
