"""A closed terminal, a closed pipe, a log on a full disk: the run continues or is saved."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gankit.cli import main
from tests.crash import runs
from tests.crash.children import in_child
from tests.crash.repetitions import record
from tests.waiting import SECONDS, exit_code, started, wait_for

MANY = 100_000
pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no such")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs.prepare(tmp_path)


def logged():
    log = Path("run/metrics.jsonl")
    return log.read_bytes().count(b"\n") if log.exists() else 0


def wait_for_steps(count):
    wait_for(lambda: logged() >= count, f"step {count} of the run")


def in_a_terminal(words):
    """Start a command as the leader of a new terminal; return its process and our end."""
    process, master = pty.fork()
    if process == 0:
        os.execv(words[0], words)  # noqa: S606 - our own program, in our own child.
    return process, master


def interactive():
    """Return the command with a progress bar, which writes to the terminal all the time."""
    return [word for word in runs.train("run", steps=MANY) if word != "--no-progress"]


def test_a_run_whose_terminal_is_closed_saves_and_ends_like_sighup():
    process, master = in_a_terminal([*runs.PROGRAM, *interactive()])
    wait_for_steps(12)
    os.close(master)
    assert exit_code(process, "the run whose terminal was closed") == 129
    assert 12 <= runs.newest("run").step == logged() < MANY
    record("signals", "a closed terminal: saved, exit 129")


def test_a_second_hangup_does_not_end_a_run_before_it_has_saved():
    words = [*runs.PROGRAM, *runs.train("run", steps=MANY)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with started(words, "the run that was hung up on", **quiet) as process:
        wait_for_steps(12)
        for _ in range(3):
            process.send_signal(signal.SIGHUP)
    assert process.returncode == 129
    assert 12 <= runs.newest("run").step == logged() < MANY


def test_a_run_with_a_closed_output_pipe_trains_to_its_end():
    words = [*runs.PROGRAM, *runs.train("run", steps=40)]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with started(words, "the run of 40 steps", **pipes) as process:
        process.stderr.read(1)
        process.stderr.close()
    assert process.returncode == 0
    assert runs.newest("run").step == 40


@pytest.mark.parametrize(("stream", "code"), [("stdout", 7), ("stderr", 0)])
def test_a_run_whose_output_is_on_a_full_disk_trains_to_its_end(stream, code):
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with Path("/dev/full").open("wb") as full:
        words = [*runs.PROGRAM, *runs.train("run")]
        done = subprocess.run(words, **streams | {stream: full}, check=False, timeout=SECONDS)
    assert done.returncode == code
    assert runs.newest("run").step == runs.STEPS
    if code:
        last = done.stderr.decode().splitlines()[-1]
        assert last == "gankit: standard output cannot be written: No space left on device"


@pytest.mark.parametrize(
    "words", [["--version"], ["recipes", "list"], ["backends", "--json"]], ids=" ".join
)
def test_a_command_whose_output_is_on_a_full_disk_ends_with_exit_code_7(words):
    with Path("/dev/full").open("wb") as full:
        ended = in_child(main_with_output_to, full.fileno(), words)
    assert ended.exit == 7


def main_with_output_to(descriptor, words):
    os.dup2(descriptor, 1)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    main(words)


def test_a_closed_pipe_is_no_error():
    out, into = os.pipe()
    os.close(out)
    ended = in_child(main_with_output_to, into, ["recipes", "list"])
    os.close(into)
    assert ended.exit == 0


@pytest.mark.parametrize("closed", [[0], [1], [2], [0, 1], [1, 2], [0, 1, 2]], ids=str)
def test_a_run_with_closed_standard_streams_writes_no_message_into_other_files(closed):
    """Otherwise the next opened files would get the numbers 0, 1 and 2, and the messages."""
    ended = in_child(main_without, closed, runs.train("run"))
    assert ended.exit == 0
    assert_only_its_own("run")


def main_without(closed, words):
    for number in closed:
        os.close(number)
        setattr(sys, ("stdin", "stdout", "stderr")[number], None)  # As Python starts then.
    main(words)


def test_a_process_that_starts_with_closed_streams_trains_to_its_end():
    script = 'exec "$@" <&- >&- 2>&-'
    words = ["sh", "-c", script, "sh", *runs.PROGRAM, *interactive()]
    words[words.index("--steps") + 1] = str(runs.STEPS)
    done = subprocess.run(words, check=False, timeout=SECONDS)
    assert done.returncode == 0
    assert_only_its_own("run")
    record(
        "signals", "closed standard streams: 7 of 7 trained to their end, and wrote nowhere else"
    )


def assert_only_its_own(run):
    """Fail unless the run is complete and its files have only their own content."""
    assert runs.newest(run).step == runs.STEPS
    rows = [json.loads(line) for line in Path(run, "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == list(range(1, runs.STEPS + 1))
    tomllib.loads(Path(run, "config.toml").read_text("utf-8"))
    json.loads(Path(run, "environment.json").read_text("utf-8"))
    assert Path(run, ".lock").read_bytes().count(b"\n") <= 1
