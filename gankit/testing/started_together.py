"""Train in several child processes that are started together.

`python -m gankit.testing.started_together BACKEND RANK SIZE PORT FOLDER` trains each of `FAMILIES`
and writes its arrays into FOLDER. Then the process of the last rank ends, and each other one sends
how many seconds later it found that out.
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
from gankit.contract import Backend, State, World, add_prefix, strip_prefix
from gankit.errors import PeerLost
from gankit.plugins import get_backend
from gankit.testing.full_problems import FAMILIES, with_all_features
from gankit.testing.harness import Setup
from gankit.testing.rgb import rgb_setup

SECONDS = 600.0
"""Time limit of a child process, in seconds."""
MIDDLE, STEPS = 2, 4
"""The step of the state "middle", and the steps of a run."""


def setup_of(backend: Backend, family: str, world: World | None = None) -> Setup:
    """Return a problem with every capability of a backend, in a world; alone by default."""
    setup = rgb_setup(with_all_features(backend, family), n_critic=2)
    return replace(setup, problem=replace(setup.problem, world=world)) if world else setup


def trained(backend: Backend, setup: Setup) -> State:
    """Train in two blocks, and by updates; return the states and losses of both.

    The names are "middle/...", after the first block, "blocks/..." and "updates/...".
    """
    trainer = backend.trainer(setup.problem)
    first = setup.block(trainer, 0, MIDDLE)
    middle = trainer.state()
    losses = np.concatenate([first, setup.block(trainer, MIDDLE, STEPS)])
    blocks = trainer.state() | {"losses": losses}
    other = backend.trainer(setup.problem)
    losses = setup.updates(other, 0, STEPS)
    updates = other.state() | {"losses": losses}
    made = {"middle": middle, "blocks": blocks, "updates": updates}
    return {key: a for name, state in made.items() for key, a in add_prefix(name, state).items()}


@functools.cache
def processes(name: str, size: int) -> list[tuple[Message, State]]:
    """Return the messages and the arrays of processes of the backend `name`, in rank order.

    The arrays are those of `trained`, under the name of the family.
    """
    port = str(free_ports(size + 1))
    with tempfile.TemporaryDirectory() as folder:
        calls = [[name, str(rank), str(size), port, folder] for rank in range(size)]
        sent = answers("gankit.testing.started_together", *calls, limit=SECONDS)
        if faults := [message["fault"] for message in sent if "fault" in message]:
            pytest.fail(faults[0])
        return [(sent[rank], _read(folder, rank)) for rank in range(size)]


def family_of(arrays: State, family: str, part: str) -> State:
    """Return one state of a family from the arrays of a process; `part` as in `trained`."""
    return strip_prefix(arrays, f"{family}/{part}")


def _read(folder: str, rank: int) -> State:
    with np.load(Path(folder, f"{rank}.npz"), allow_pickle=False) as stored:
        return dict(stored)


def _main(name: str, rank: str, size: str, port: str, folder: str) -> None:
    os.environ.update(on_this_machine(int(rank), int(size), int(port)))
    send, backend = channel(), get_backend(name)
    world = backend.world()
    made: State = {}
    for family in FAMILIES:
        made |= add_prefix(family, trained(backend, setup_of(backend, family, world)))
    np.savez(Path(folder, f"{rank}.npz"), **made)  # type: ignore[arg-type]
    setup = setup_of(backend, FAMILIES[0], world)
    trainer = backend.trainer(setup.problem)
    world.any(False)
    if world.rank == world.size - 1:
        send({"done": True})
        os._exit(0)  # As a killed process: it says goodbye to no other.
    began = time.monotonic()
    try:
        while True:
            world.any(False)
            setup.updates(trainer, 0, 1)
    except PeerLost:
        send({"lost": time.monotonic() - began, "done": True})


if __name__ == "__main__":
    _main(*sys.argv[1:])
