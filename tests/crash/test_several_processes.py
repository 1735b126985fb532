"""Runs of several processes: killed, stopped, resumed in another number, different, diverged."""

from __future__ import annotations

import itertools
import os
import re
import signal
import sys
import time

import numpy as np
import pytest

import gankit
from gankit.errors import ExitCode
from gankit.runs import RunFolder
from gankit.testing import assert_close
from tests.crash import runs
from tests.crash.forks import VERSION
from tests.crash.ranks import ranks, require
from tests.crash.repetitions import FULL, record, short_or_full
from tests.process_groups import ProcessGroup, listening, sockets
from tests.waiting import wait_for

BOUND = 1e-9
SIZES = {"torch": (2, 1, 3), "keras": (2, 1, 3) if FULL else (2, 1)}
"""The numbers of processes in which one run is trained, one after the other."""
KILLED = (0, 1, "launcher") * short_or_full(1, 20)
STOPPED = {
    "torch": short_or_full((1, "launcher"), ("all", 1, "launcher", 0, "all") * 4),
    "keras": short_or_full((1,), (1, 0, "launcher") * 3),
}
"""The processes that get SIGKILL, and then those that get SIGTERM."""
LAUNCHERS = {"torch": {}, "keras": {0: ("forks",), 1: ("forks",), "launcher": ("processes",)}}
"""How the processes are started, by turns, if a certain one gets the signal."""
MORE = 20
"""Steps from the last signal to the end."""
LIMIT = 60.0
"""Seconds in which all others end."""
LONG = 10**6
DIFFERENT = {
    "data": (["--dataset", "others.npy"], {}, ExitCode.DATA, "dataset: process 2 of 2 has other"),
    "settings": (["--seed", "1"], {}, ExitCode.USAGE, "settings: process 2 of 2 has others"),
    "version": ([], {VERSION: "0"}, ExitCode.USAGE, "versions: process 2 of 2 has other versions"),
}
"""What differs in the last process: its words and variables, the exit code and the message."""
DOUBLE = "--set", "precision=float64"
DIVERGE = [
    word
    for role in ("generator", "discriminator")
    for word in ("--set", f'{role}.optimizer={{ optimizer = "sgd", learning_rate = 1000.0 }}')
]
"""Settings whose losses grow from step to step, until they are not finite."""


@pytest.fixture(scope="module", params=["torch", "keras"])
def backend(request):
    require(request.param)
    return request.param


@pytest.fixture(scope="module")
def place(tmp_path_factory, backend):
    """Return the folder of the runs; below it is that of each process."""
    return tmp_path_factory.mktemp(backend)


@pytest.fixture(scope="module")
def forked(backend, place, forks_of):
    """Return processes that are started as forks."""
    processes = ranks(backend, max(SIZES[backend]), place, forks_of(backend))
    for folder in processes.places:
        runs.prepare(folder)
        np.save(folder / "others.npy", runs.images()[::-1])
    return processes


@pytest.mark.timeout(short_or_full(900, 7200))
def test_a_run_whose_processes_get_signals_ends_with_the_same_bits(forked, place, backend):
    out, turn = place / "signals", itertools.count()
    faults = [(who, signal.SIGKILL) for who in KILLED]
    faults += [(who, signal.SIGTERM) for who in STOPPED[backend]]
    random = np.random.default_rng(9)
    for who, number in faults:
        launchers = LAUNCHERS[backend].get(who, ("torchrun", "processes"))
        launcher = launchers[next(turn) % len(launchers)]
        strike = struck_forks if launcher == "forks" else struck
        errors = strike(forked, out, launcher, who, number, random.uniform(0, 0.3))
        newest = runs.newest(out)
        if number == signal.SIGTERM or who == "launcher":
            assert newest.step == runs.logged(out), errors
        if number == signal.SIGTERM:
            assert errors.count("stopped after step") == 1, errors
    end = runs.logged(out) + MORE
    for folder in (out, place / "whole"):
        codes, messages = forked.run(*[runs.train(folder, backend, end)] * 2)
        assert codes == [0, 0], messages
    runs.assert_same(out, place / "whole")
    kills, stops = len(KILLED) // 3, len(STOPPED[backend])
    record(
        "processes",
        f"{backend}: {kills} SIGKILLs each of rank 0, of rank 1 and of the launcher, {stops} "
        "SIGTERMs; no process or port left, the same bits at the end",
    )


def struck(forked, out, launcher, who, number, seconds):
    """Train until a process of a launcher gets a signal; return the messages.

    Fails if the exit code is wrong, or if something is left.
    """
    with ProcessGroup(command(forked.backend, launcher, out), forked.places[0]) as group:
        wait(out, seconds)
        assert group.remember_sockets()
        pids = {**group.ranks(), "launcher": group.launcher.pid}
        for pid in pids.values() if who == "all" else [pids[who]]:
            os.kill(pid, number)
            time.sleep(0.05)  # So that the launcher passes it on to those that have got it.
        printed, errors = group.outputs(LIMIT)
    assert group.launcher.returncode == exit_code(launcher, who, number), errors
    if number == signal.SIGTERM:
        assert printed == f"{out}\n"
    elif who != "launcher" and launcher == "processes":
        assert f"process {who + 1} of 2 was ended by SIGKILL" in errors
        assert f"process {2 - who} of 2: another process of this run ended" in errors
    return errors


def struck_forks(forked, out, _launcher, rank, number, seconds):
    """Train until a process without a launcher gets a signal; return the messages.

    Fails if an exit code is wrong, or a port is left.
    """
    pids = forked.start(*[runs.train(out, forked.backend, LONG)] * 2, machines=True)
    wait(out, seconds)
    held = {inode for pid in pids for inode in sockets(pid)} & listening()
    assert held
    os.kill(pids[rank], number)
    codes, messages = forked.ended()
    other = ExitCode.PEER if number == signal.SIGKILL else 128 + number
    expected = [other, other]
    if number == signal.SIGKILL:
        expected[rank] = -number
        assert f"process {2 - rank} of 2: another process of this run" in messages[1 - rank]
    assert codes == expected, messages
    assert not held & listening()
    return "".join(messages)


def wait(out, seconds):
    """Wait for a step of the run, and a while longer."""
    before = runs.logged(out)
    wait_for(lambda: runs.logged(out) > before, "a step in the log", 180)
    time.sleep(seconds)


def command(backend, launcher, out):
    """Return the words with which a launcher starts or resumes the run in two processes."""
    words = runs.train(out, backend, LONG)
    if launcher == "processes":
        return [*runs.PROGRAM, *words, "--processes", "2"]
    group = "torch.distributed.run", "--standalone", "--nproc-per-node", "2"
    return [sys.executable, "-m", *group, "-m", "gankit", *words]


def exit_code(launcher, who, number):
    """Return that of the launcher; torchrun's is always 1."""
    if who == "launcher" and number == signal.SIGKILL:
        return -number
    if launcher == "torchrun":
        return 1
    return ExitCode.PEER if number == signal.SIGKILL else 128 + number


def test_another_number_of_processes_continues_as_one_process_would(forked, place, backend):
    out, one, steps = place / "continued", place / "one", 4 * len(SIZES[backend])
    for number, size in enumerate(SIZES[backend], start=1):
        codes, messages = forked.run(*[double(out, backend, 4 * number)] * size)
        assert codes == [0] * size, messages
    codes, messages = forked.run(double(one, backend, steps))
    assert codes == [0], messages
    assert RunFolder(out).checkpoints.steps() == RunFolder(one).checkpoints.steps()
    assert_close(losses(out), losses(one), BOUND)
    assert_close(runs.newest(out).state, runs.newest(one).state, BOUND)


@pytest.mark.parametrize("what", DIFFERENT)
def test_a_process_that_differs_is_refused_on_each_machine(forked, place, backend, what):
    others, variables, code, message = DIFFERENT[what]
    out = place / f"different-{what}"
    same = double(out, backend)
    codes, messages = forked.run(same, [*same, *others], machines=True, **variables)
    assert codes == [code, code], messages
    for text in messages:
        assert errors_in(text) == [text.splitlines()[-1]]
        assert text.splitlines()[-1].startswith(f"gankit: {message}")
    assert not out.exists()


def test_all_processes_end_in_the_step_that_diverges(forked, place, backend):
    out = place / "diverged"
    codes, messages = forked.run(*[[*double(out, backend, 60), *DIVERGE]] * 2)
    assert codes == [ExitCode.DIVERGED] * 2, messages
    (error,) = [line for text in messages for line in errors_in(text) if "warning" not in line]
    diverged = int(re.search(r"loss is (?:nan|inf|-inf) in step (\d+);", error)[1])
    steps = RunFolder(out).checkpoints.steps()
    assert steps
    last = RunFolder(out).checkpoints.path(steps[-1])
    assert error.endswith(f"the last good checkpoint is {last}")
    assert steps[-1] < diverged
    assert all(np.isfinite(array).all() for array in runs.newest(out).state.values())
    assert runs.logged(out) < diverged
    assert not [path for path in out.rglob("*") if path.name.startswith(".gankit-")]


def double(out, backend, steps=12):
    return [*runs.train(out, backend, steps), *DOUBLE]


def losses(folder):
    return {"losses": np.array(gankit.load(folder).history)}


def errors_in(text):
    """Return the lines of gankit's errors and warnings."""
    return [line for line in text.splitlines() if line.startswith("gankit: ")]
