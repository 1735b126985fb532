"""A process that saves and prunes is killed at any moment and loses no saved checkpoint."""

from __future__ import annotations

import itertools
import os
import signal
import time

import numpy as np
import pytest

from gankit.runs import CheckpointStore
from tests.crash.repetitions import record, short_or_full
from tests.crash.stores import (
    left_in_place,
    only,
    save_in_place,
    state,
    unfinished,
    verified,
)

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

SIZE = 20_000
KEEP = 3
LATEST = 0.15
"""Seconds from the first save to the last moment of a kill."""
SYNC = 0.006
"""Seconds that a sync takes at least, so that on any disk most time passes inside a save."""


def save_and_prune(folder, say):
    fsync, store = os.fsync, CheckpointStore(folder)
    os.fsync = lambda file: (time.sleep(SYNC), fsync(file))
    for step in itertools.count(max(store.steps(), default=0) + 1):
        numbers = state(step, SIZE)
        say(f"saving {step}\n")
        store.save(step, numbers)
        say(f"saved {step}\n")
        store.prune(KEEP)


def overwrite(folder, say):
    for step in itertools.count(1):
        say(f"saving {step}\n")
        save_in_place(folder, step, SIZE)
        say(f"saved {step}\n")


def killed(work, folder, seconds):
    """Kill a process some time after its first save; return its id and its output lines."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(folder, lambda line: os.write(into, line.encode()))
        finally:  # An error ends the child without a signal, which the parent does not accept.
            os._exit(1)
    os.close(into)
    with os.fdopen(out) as said:
        first = [said.readline(), said.readline()]
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        lines = first + said.readlines()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL
    return child, lines


def test_a_killed_process_loses_no_saved_checkpoint(tmp_path):
    folder, kills = tmp_path / "checkpoints", short_or_full(40, 300)
    inside, acknowledged = 0, 0
    for moment in np.random.default_rng(4).uniform(0, LATEST, kills):
        child, lines = killed(save_and_prune, folder, moment)
        saving = lines[-1].startswith("saving")
        inside += saving and any(f"-{child}-" in name for name in unfinished(folder))
        saved = [int(line.split()[1]) for line in lines if line.startswith("saved")]
        acknowledged = max([acknowledged, *saved])
        refusals = []
        newest = CheckpointStore(folder).newest_valid(refusals.append)
        assert refusals == []
        assert newest.step >= acknowledged
        assert only(newest)
        verified(CheckpointStore(folder))
    CheckpointStore(folder).save(newest.step + 1, state(newest.step + 1))
    assert unfinished(folder) == [], "what the killed ones left is swept away"
    assert inside >= 0.3 * kills, f"only {inside} of {kills} kills were inside a save"
    record("kill-store", f"{kills} SIGKILLs, {inside} inside a save: nothing lost")


def test_saving_in_place_loses_checkpoints(tmp_path):
    kills = short_or_full(20, 50)
    found = {"whole": 0, "unusable": 0, "mixed": 0}
    for moment in np.random.default_rng(5).uniform(0, LATEST, kills):
        killed(overwrite, tmp_path, moment)
        found[left_in_place(tmp_path)] += 1
    assert found["unusable"] + found["mixed"] >= 0.3 * kills, found
    record(
        "kill-store",
        f"in-place writing: {found['unusable']} of {kills} unusable, "
        f"{found['mixed']} of mixed steps that load silently",
    )
