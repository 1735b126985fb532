"""Stopping and resuming a run: the numbers equal those of an uninterrupted run."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import gankit
from gankit.cli import main
from gankit.runs import read_checkpoint
from tests import waiting

CONFIG = """
backend = "numpy"
dataset = "glyphs"
latent = 4
batch = 8
steps = 2000
steps_per_epoch = 100000
checkpoint_every = 100000
[generator]
layers = [
    { layer = "dense", units = 6 },
    { layer = "dense", units = 784 },
    { layer = "tanh" },
    { layer = "reshape", shape = [28, 28, 1] },
]
[discriminator]
layers = [
    { layer = "flatten" },
    { layer = "dense", units = 6 },
    { layer = "dropout", rate = 0.3 },
    { layer = "dense", units = 1 },
]
"""
PROGRAM = [sys.executable, "-c", "from gankit.cli import main; main()"]


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """Give the test an empty working folder, without this machine's settings."""
    for name in [name for name in os.environ if name.startswith("GANKIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    Path("run.toml").write_text(CONFIG, "utf-8")


@pytest.fixture
def command(capsys):
    """Return a function that trains in this process: exit code, standard output and error."""

    def run(out, *arguments, config="run.toml"):
        chosen = ["--config", config] if config else []
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            with pytest.raises(SystemExit) as ended:
                main(["train", *chosen, "--out", str(out), *map(str, arguments)])
        return Ended(ended.value.code, *capsys.readouterr())

    return run


def steps(run):
    return sorted(int(path.name) for path in Path(run, "checkpoints").iterdir())


def same_numbers(one, other, step):
    """Return whether two runs have the same logs and weights, bit for bit."""
    logs = [Path(run, "metrics.jsonl").read_bytes() for run in (one, other)]
    states = [
        read_checkpoint(Path(run, "checkpoints", f"{step:06d}")).state for run in (one, other)
    ]
    return (
        logs[0] == logs[1]
        and states[0].keys() == states[1].keys()
        and all(
            a.dtype == states[1][name].dtype and np.array_equal(a, states[1][name])
            for name, a in states[0].items()
        )
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_is_saved_and_resumes_to_the_same_numbers(command, number, code):
    words = [*PROGRAM, "train", "--config", "run.toml", "--steps", "1000000", "--out", "run"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    log = Path("run/metrics.jsonl")
    with waiting.started(words, "the run", **pipes) as process:
        waiting.wait_for(lambda: log.is_file() and log.stat().st_size, "the run's log")
        process.send_signal(number)
        _, err = waiting.ended(process, "the run that was stopped")
    assert process.returncode == code, err
    assert "stopping after this block" in err
    (stopped,) = steps("run")
    assert 0 < stopped < 10**6
    assert len(Path("run/metrics.jsonl").read_text().splitlines()) == stopped

    ended = command("run", "--resume", "auto", "--steps", stopped + 50)
    assert ended.code == 0, ended.err
    assert f"resuming after step {stopped}" in ended.err
    assert command("whole", "--steps", stopped + 50).code == 0
    assert same_numbers("run", "whole", stopped + 50)


@pytest.mark.parametrize("cut", [1, 3, 6])
def test_a_run_stopped_anywhere_and_resumed_equals_the_complete_run(command, cut):
    assert command("whole", "--steps", 7).code == 0
    assert command("cut", "--steps", cut).code == 0
    ended = command("cut", "--steps", 7, "--resume", "auto")
    assert ended.code == 0, ended.err
    assert same_numbers("cut", "whole", 7)


def test_a_run_resumes_with_its_own_settings_by_default(command):
    assert command("run", "--steps", 4).code == 0
    ended = command("run", "--steps", 8, "--resume", "auto", config=None)
    assert ended.code == 0, ended.err
    assert command("whole", "--steps", 8).code == 0
    assert same_numbers("run", "whole", 8)


def test_resuming_without_a_run_starts_one(command):
    ended = command("run", "--steps", 3, "--resume", "auto")
    assert ended.code == 0
    assert steps("run") == [3]


def test_resuming_a_finished_run_says_so_and_changes_nothing(command):
    assert command("run", "--steps", 3).code == 0
    before = {p: p.read_bytes() for p in Path("run").rglob("*") if p.is_file()}
    ended = command("run", "--steps", 3, "--resume", "auto")
    assert ended.code == 0
    assert "the run is finished after 3 steps; to train longer, give more --epochs or" in ended.err
    assert {p: p.read_bytes() for p in Path("run").rglob("*") if p.is_file()} == before
    assert command("run", "--steps", 6, "--resume", "auto").code == 0
    assert steps("run")[-1] == 6


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (["--seed", 1], "seed"),
        (["--batch", 4], "batch"),
        (["--set", "loss=hinge"], "loss"),
        (["--set", "latent=5"], "latent"),
    ],
    ids=["seed", "batch", "loss", "latent"],
)
def test_resuming_with_other_numbers_is_refused_and_changes_nothing(command, arguments, key):
    assert command("run", "--steps", 3).code == 0
    before = {p: p.read_bytes() for p in Path("run").rglob("*") if p.is_file()}
    ended = command("run", "--steps", 6, "--resume", "auto", *arguments)
    assert ended.code == 2
    assert f"run was trained with other settings: {key} was " in ended.err.splitlines()[-1]
    assert {p: p.read_bytes() for p in Path("run").rglob("*") if p.is_file()} == before


def test_a_checkpoint_of_another_run_is_skipped(command):
    assert command("run", "--steps", 4, "--set", "checkpoint_every=2").code == 0
    assert command("other", "--steps", 4, "--seed", 7).code == 0
    shutil.rmtree("run/checkpoints/000004")
    shutil.copytree("other/checkpoints/000004", "run/checkpoints/000004")
    ended = command("run", "--steps", 6, "--resume", "auto")
    assert ended.code == 0, ended.err
    assert "000004 is of another run" in ended.err
    assert "resuming after step 2" in ended.err
    assert command("whole", "--steps", 6).code == 0
    assert same_numbers("run", "whole", 6)


def test_a_run_without_a_checkpoint_may_start_again_with_other_settings(command):
    np.save("first.npy", np.full((9, 28, 28, 1), 7, np.uint8))
    assert command("run", "--steps", 3, "--set", "dataset=first.npy").code == 0
    shutil.rmtree("run/checkpoints")
    ended = command("run", "--steps", 3, "--resume", "auto", "--seed", 1)
    assert ended.code == 0, ended.err
    ended = command("run", "--steps", 6, "--resume", "auto", "--seed", 1)
    assert ended.code == 0, ended.err
    assert command("whole", "--steps", 6, "--seed", 1).code == 0
    assert same_numbers("run", "whole", 6)


def test_a_run_whose_training_failed_before_a_checkpoint_starts_again_with_other_settings(
    command, monkeypatch
):
    def run_out_of_memory(*_, **__):
        raise MemoryError("38 GiB")

    with monkeypatch.context() as patch:
        patch.setattr("gankit.launch.execute.fit", run_out_of_memory)
        assert command("run", "--steps", 2).code == 2
    assert command("run", "--steps", 2, "--batch", 4, "--resume", "auto").code == 0
    assert gankit.load("run").config.batch == 4


def test_a_finished_run_of_steps_continues_with_more_epochs(command):
    assert command("run", "--steps", 2, "--set", "steps_per_epoch=2").code == 0
    ended = command("run", "--epochs", 2, "--set", "steps_per_epoch=2", "--resume", "auto")
    assert ended.code == 0, ended.err
    assert gankit.load("run").step == 4


def test_a_run_too_large_for_the_disk_is_refused_and_can_start_later(command, monkeypatch):
    with monkeypatch.context() as patch:
        usage = shutil.disk_usage(".")
        patch.setattr("shutil.disk_usage", lambda _: usage._replace(free=10_000))
        ended = command("run", "--steps", 3)
    assert ended.code == 7
    assert "but 0.0 MB are free there" in ended.err
    assert not Path("run").exists()
    assert command("run", "--steps", 3).code == 0


def test_lines_that_a_killed_run_logged_after_its_checkpoint_are_removed(command):
    assert command("whole", "--steps", 6).code == 0
    assert command("run", "--steps", 3).code == 0
    with Path("run/metrics.jsonl").open("a") as log:
        log.write('{"step": 4, "discriminator": 1.0, "generator": 1.0}\n{"rou')
    ended = command("run", "--steps", 6, "--resume", "auto")
    assert ended.code == 0, ended.err
    assert same_numbers("run", "whole", 6)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_on_a_terminal_there_is_a_bar_and_with_no_color_no_colour():
    import termios

    master, terminal = os.openpty()
    termios.tcsetwinsize(terminal, (24, 120))
    process = subprocess.Popen(
        [*PROGRAM, "train", "--config", "run.toml", "--steps", "3", "--out", "run"],
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        env=os.environ | {"NO_COLOR": "1"},
    )
    os.close(terminal)
    said = b""
    try:
        while chunk := os.read(master, 4096):
            said += chunk
    except OSError:  # What Linux says at the end of a terminal.
        pass
    finally:
        os.close(master)
    assert process.wait(timeout=60) == 0
    assert b"3/3" in said
    assert b"steps/s" in said
    assert not re.search(rb"\x1b\[[0-9;]*m", said)
