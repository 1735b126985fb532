"""`gankit train` killed at random moments and started again, until it is done."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from tests.crash import runs
from tests.crash.forks import MESSAGES
from tests.crash.repetitions import record, short_or_full
from tests.waiting import wait_for

KILLS = {
    "numpy": short_or_full(10, 30),
    "torch": short_or_full(3, 10),
    "keras": short_or_full(2, 10),
}
A_LIFE = {"numpy": 40, "torch": 150, "keras": 150}
"""Steps for each kill: more than a run comes to before it is killed."""
MORE = 20
"""Steps from the last kill to the end."""
STEPS = {backend: A_LIFE[backend] * (kills + 2) for backend, kills in KILLS.items()}


@pytest.mark.parametrize("backend", KILLS)
def test_a_repeatedly_killed_run_ends_with_the_same_bits(tmp_path, monkeypatch, backend, forked):
    monkeypatch.chdir(tmp_path)
    runs.prepare(tmp_path)
    random = np.random.default_rng(9)
    taken_back = sum(killed(forked, backend, random.uniform(0, 0.3)) for _ in range(KILLS[backend]))
    # The last life, and the run to compare with, are as long as the killed ones, and no longer.
    end = runs.logged("run") + MORE
    for out in ("run", "whole"):
        forked.finished(runs.train(out, backend, end))
    runs.assert_same("run", "whole")
    record(
        "kill-train",
        f"{KILLS[backend]} SIGKILLs of {backend}, {taken_back} steps done twice, the same bits",
    )


def killed(forked, backend, seconds):
    """Kill the run some time after it has logged a step; return how many steps that lost."""
    log, before = Path("run/metrics.jsonl"), runs.logged("run")
    process = forked.start(runs.train("run", backend, STEPS[backend]))
    wait_for(lambda: runs.logged("run") != before, "a step in the log")
    time.sleep(seconds)
    os.kill(process, signal.SIGKILL)
    assert forked.ended(process) == -signal.SIGKILL, Path(MESSAGES).read_text("utf-8")
    assert log.exists()
    newest = runs.newest("run")
    return runs.logged("run") - (newest.step if newest else 0)
