"""A run folder that is moved or removed during training; leftovers in a new run's folder."""

from __future__ import annotations

import os
import shutil
import signal
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest

import gankit
from gankit.cli import main
from gankit.errors import ConfigError, Diverged, ExitCode, StorageError
from gankit.launch import execute, open_folder, resolved_plan
from tests.crash.children import in_child

CONFIG = """
backend = "numpy"
dataset = "tiny.npy"
latent = 4
batch = 4
steps_per_epoch = 3
checkpoint_every = 2
[generator]
layers = [
    { layer = "dense", units = 64 },
    { layer = "tanh" },
    { layer = "reshape", shape = [8, 8, 1] },
]
[discriminator]
layers = [{ layer = "flatten" }, { layer = "dense", units = 1 }]
"""
TRAIN = ("train", "--config", "tiny.toml", "--no-progress", "--steps", 9, "--out", "run")


@pytest.fixture(autouse=True)
def settings(machine):
    Path("tiny.toml").write_text(CONFIG, "utf-8")
    np.save("tiny.npy", np.random.default_rng(0).integers(0, 256, (64, 8, 8), np.uint8))
    return machine


class Strike:
    """Calls a function once, at the end of a block after some steps."""

    def __init__(self, step, do):
        self.step, self.do = step, do

    def next_boundary(self, step):
        return self.step if step < self.step else step + 1000

    def __call__(self, progress):
        if progress.step == self.step:
            self.do()


@pytest.fixture
def train(monkeypatch, command):
    """Return a function that trains by the command with a fault after some steps."""

    def run(step, do, *more):
        original = execute.folder_callbacks
        with monkeypatch.context() as patch:
            added = lambda *words: [*original(*words), Strike(step, do)]  # noqa: E731
            patch.setattr(execute, "folder_callbacks", added)
            return command(*TRAIN, *more)

    return run


def files(folder):
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}


@pytest.mark.parametrize("step", [1, 4, 8, 9], ids=lambda step: f"after step {step}")
def test_a_run_whose_folder_is_moved_ends_with_exit_code_7_and_resumes_in_the_new_place(
    train, command, step
):
    ended = train(step, lambda: Path("run").rename("moved"))
    assert ended.code == ExitCode.STORAGE
    assert not Path("run").exists()
    last = step // 2 * 2 if step < 9 else 9
    where = f"moved/checkpoints/{last:06d}" if last else "moved has no checkpoint"
    assert where in ended.err.splitlines()[-1]
    again = command(*TRAIN[:-1], "moved", "--resume", "auto")
    assert again.code == ExitCode.OK, again.err
    assert command(*TRAIN[:-1], "whole").code == ExitCode.OK
    assert Path("moved/metrics.jsonl").read_bytes() == Path("whole/metrics.jsonl").read_bytes()
    assert files("moved") == files("whole")


def test_a_run_whose_folder_is_removed_ends_with_exit_code_7_and_makes_no_folder(train):
    ended = train(4, lambda: shutil.rmtree("run"))
    assert ended.code == ExitCode.STORAGE
    assert "run was removed" in ended.err.splitlines()[-1]
    assert not Path("run").exists()


@pytest.mark.parametrize("step", [1, 4, 9], ids=lambda step: f"after step {step}")
def test_a_run_whose_configuration_is_moved_ends_with_exit_code_7(train, command, step):
    ended = train(step, lambda: Path("run/config.toml").rename("config.toml"))
    assert ended.code == ExitCode.STORAGE
    assert "run/config.toml was moved or removed while" in ended.err.splitlines()[-1]
    assert not Path("run/config.toml").exists()
    Path("config.toml").rename("run/config.toml")
    assert command(*TRAIN, "--resume", "auto").code == ExitCode.OK
    assert command(*TRAIN[:-1], "whole").code == ExitCode.OK
    assert files("run") == files("whole")


def test_a_run_replaced_by_another_folder_writes_nothing_into_that_folder(train):
    def replace():
        Path("run").rename("moved")
        Path("run").mkdir()

    assert train(4, replace).code == ExitCode.STORAGE
    assert files("run") == set()


def test_a_run_that_diverges_in_a_moved_folder_names_the_new_place(train):
    def diverge():
        Path("run").rename("moved")
        raise Diverged("the loss is nan")

    ended = train(4, diverge)
    assert ended.code == ExitCode.STORAGE
    assert "moved/checkpoints/000004" in ended.err.splitlines()[-1]


def test_in_python_a_moved_folder_is_a_storage_error():
    strike = Strike(4, lambda: Path("run").rename("moved"))
    with pytest.raises(StorageError, match=r"was moved to .*; its last checkpoint is .*000004"):
        gankit.train(out="run", steps=9, callbacks=[strike], **tomllib.loads(CONFIG))
    assert not Path("run").exists()


LEFT = {
    "a log": lambda: Path("run/metrics.jsonl").write_text('{"step": 1}\n'),
    "pictures": lambda: shutil.copytree(".", "run/samples", ignore=lambda *_: ["run"]),
    "a data set": lambda: Path("run/1.png").write_bytes(b""),
    "a pipe for a configuration": lambda: os.mkfifo("run/config.toml"),
    "a link for a log": lambda: Path("run/metrics.jsonl").symlink_to("../tiny.toml"),
}
"""A few of each kind; tests/runs/test_leftovers.py has every kind in every place."""


@pytest.mark.parametrize("leave", LEFT.values(), ids=LEFT)
def test_leftovers_are_refused_before_the_data_is_read(command, monkeypatch, leave):
    Path("run").mkdir()
    leave()
    before, text = sorted(Path("run").rglob("*")), Path("tiny.toml").read_bytes()
    monkeypatch.setattr(resolved_plan, "training_data", lambda *_: pytest.fail("the data was read"))
    for resume in ((), ("--resume", "auto")):
        ended = command(*TRAIN, *resume)
        assert ended.code == ExitCode.USAGE
        assert "run has no config.toml, and cannot be used for a new run: run" in ended.err
        assert ended.err.count("\n") == 1
    assert sorted(Path("run").rglob("*")) == before
    assert Path("tiny.toml").read_bytes() == text


def test_in_python_leftovers_are_refused_before_the_data_is_read(monkeypatch):
    Path("run/checkpoints/000004").mkdir(parents=True)
    monkeypatch.setattr(resolved_plan, "training_data", lambda *_: pytest.fail("the data was read"))
    with pytest.raises(ConfigError, match="cannot be used for a new run"):
        gankit.train(out="run", **tomllib.loads(CONFIG))


def test_a_pipe_in_place_of_a_runs_log_is_refused_before_resuming(command):
    assert command(*TRAIN).code == ExitCode.OK
    Path("run/metrics.jsonl").unlink()
    os.mkfifo("run/metrics.jsonl")
    ended = command(*TRAIN, "--resume", "auto")
    assert ended.code == ExitCode.CHECKPOINT
    assert "metrics.jsonl is a pipe, not a file" in ended.err


def test_a_signal_ends_the_search_for_leftovers():
    def looked_at_for_long(_run):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(30)

    def train():
        open_folder.in_the_way = looked_at_for_long
        main([*map(str, TRAIN)])

    assert in_child(train, limit=20).exit == 143
    assert not Path("run").exists()
