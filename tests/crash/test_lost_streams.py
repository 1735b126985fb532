"""A terminal that is closed, a pipe that nobody reads, a log on a full disk: the run goes on."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.crash import runs
from tests.crash.figures import note

MANY = 100_000
pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no such")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs.prepare(tmp_path)


def logged():
    log = Path("run/metrics.jsonl")
    return log.read_bytes().count(b"\n") if log.exists() else 0


def wait_for_rounds(count):
    end = time.monotonic() + 60
    while logged() < count:
        assert time.monotonic() < end
        time.sleep(0.01)


def in_a_terminal(words):
    """Start a command as the leader of a terminal of its own; return its process and our end."""
    process, master = pty.fork()
    if process == 0:
        os.execv(words[0], words)  # noqa: S606 - our own program, in our own child.
    return process, master


def interactive():
    """Return the run with a bar, which writes to the terminal all the time."""
    return [word for word in runs.train("run", rounds=MANY) if word != "--no-progress"]


def test_a_run_whose_terminal_is_closed_saves_and_ends_as_by_sighup():
    process, master = in_a_terminal([*runs.PROGRAM, *interactive()])
    wait_for_rounds(12)
    os.close(master)
    _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) == 129
    assert 12 <= runs.newest("run").step == logged() < MANY
    note("signals", "a closed terminal: saved, exit 129")


def test_a_second_hangup_does_not_end_a_run_before_it_has_saved():
    words = [*runs.PROGRAM, *runs.train("run", rounds=MANY)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for_rounds(12)
        for _ in range(3):
            process.send_signal(signal.SIGHUP)
    assert process.returncode == 129
    assert 12 <= runs.newest("run").step == logged() < MANY


def test_a_run_whose_words_nobody_reads_goes_on_to_its_end():
    words = [*runs.PROGRAM, *runs.train("run", rounds=40)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        process.stderr.read(1)
        process.stderr.close()
    assert process.returncode == 0
    assert runs.newest("run").step == 40


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_run_whose_words_meet_a_full_disk_goes_on_to_its_end(stream):
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with Path("/dev/full").open("wb") as full:
        words = [*runs.PROGRAM, *runs.train("run")]
        done = subprocess.run(words, **streams | {stream: full}, check=False)
    assert done.returncode == 0
    assert runs.newest("run").step == runs.ROUNDS
