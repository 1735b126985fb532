"""Runs of torch in several processes, as `torchrun` and `gankit train --processes` start them."""

from __future__ import annotations

import functools
import os
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

import gankit
from gankit._utils.child_group import free_ports
from gankit.errors import ConfigError, ExitCode, PeerLost, Unsupported
from gankit.losses import HINGE
from gankit.recipes import recipe
from gankit.runs import RunFolder
from gankit.testing import assert_close
from tests.process_groups import ProcessGroup
from tests.selection import selected
from tests.waiting import kill, ran, wait_for

if not selected("torch"):
    pytest.skip("torch is not among the backends under test", allow_module_level=True)

BOUND = 1e-9
STEPS = 30
TRAIN = (
    "train", "narrow.toml", "--backend", "torch", "--dataset", "glyphs", "--no-progress",
    "--set", "precision=float64", "--set", "batch=10", "--set", "checkpoint_every=6",
)  # fmt: skip
SAME = {
    "recipe": "narrow.toml", "backend": "torch", "dataset": "glyphs", "precision": "float64",
    "batch": 10, "steps": STEPS, "progress": False,
}  # fmt: skip
"""The same run in Python."""


def environment():
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def torchrun(size, *arguments):
    """Run the command in some processes; return how torchrun ended."""
    launcher = "torch.distributed.run", "--standalone", "--nproc-per-node", size
    words = (sys.executable, "-m", *launcher, "-m", "gankit", *arguments)
    return ran(list(map(str, words)), "torchrun", seconds=180, env=environment())


def losses(folder):
    return {"losses": np.array(gankit.load(folder).history)}


@pytest.fixture(autouse=True)
def narrow(machine):
    """Give each test an empty machine with a narrow dcgan."""
    text = recipe("dcgan").text
    assert "width = 32\n" in text
    (machine / "narrow.toml").write_text(text.replace("width = 32\n", "width = 4\n"), "utf-8")


@pytest.fixture
def one(narrow):  # noqa: ARG001 - it trains there.
    """Return the losses of one process."""
    return {"losses": alone()}


@functools.cache
def alone():
    return np.array(gankit.train(**SAME).history)


def test_processes_of_torchrun_train_as_one_and_resume_in_another_number(one):
    first = torchrun(2, *TRAIN, "--steps", 7, "--out", "run")
    assert first.returncode == 0, first.stderr
    assert first.stdout == "run\n"
    assert first.stderr.count("glyphs with torch") == 1
    assert_close(losses("run"), {"losses": one["losses"][:7]}, BOUND)
    words = (sys.executable, "-m", "gankit", *TRAIN, "--steps", str(STEPS), "--processes", "3")
    then = ran((*words, "--out", "run", "--resume"), "the command", 180, env=environment())
    assert (then.returncode, then.stdout) == (0, "run\n"), then.stderr
    assert_close(losses("run"), one, BOUND)
    assert RunFolder("run").checkpoints.steps() == [18, 24, 30]


def test_refused_runs_print_one_line_and_write_nothing(machine):
    for arguments, message in (
        (("--set", "precision=float32", "--set", "mixed=true"), "mixed: not possible in 2"),
        (("--set", "batch=1"), "batch: got 1 with 2 processes"),
    ):
        ended = torchrun(2, *TRAIN, *arguments, "--steps", 5, "--out", "run")
        lines = [line for line in ended.stderr.splitlines() if line.startswith("gankit: ")]
        assert len(lines) == 1
        assert message in lines[0]
        assert [path.name for path in machine.iterdir()] == ["narrow.toml"]


def test_commands_that_do_not_train_are_refused(command, monkeypatch):
    for name, value in {
        "RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    ended = command("recipes", "list")
    assert ended.code == 2
    assert ended.last == (
        "gankit: WORLD_SIZE: got 2, but only `gankit train` runs in several processes; unset it "
        "to run `gankit recipes`"
    )


def test_python_trains_in_processes_and_returns_the_loaded_run(one):
    run = gankit.train(**SAME, out="run", processes=2)
    assert (run.step, run.folder) == (STEPS, Path("run"))
    assert_close({"losses": np.array(run.history)}, one, BOUND)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({}, ConfigError, "processes: got 2 without out"),
        ({"out": "run", "callbacks": print}, ConfigError, "callbacks: got the function print with"),
        ({"out": "run", "loss": HINGE}, ConfigError, "loss: got"),
        ({"out": "run", "processes": 2000}, ConfigError, "processes: got 2000; expected"),
        ({"out": "run", "batch": 1}, ConfigError, "batch: got 1 with 2 processes"),
        ({"out": "run", "backend": "numpy"}, Unsupported, "cannot train in 2 processes"),
        ({"out": "run", "mixed": True}, Unsupported, "mixed: not possible in 2 processes"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_what_other_processes_cannot_do_is_refused_in_python(changes, error, message):
    words = {"backend": "torch", "dataset": "glyphs", "steps": 3, "processes": 2} | changes
    with pytest.raises(error, match=message):
        gankit.train("simple", progress=False, **words)
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("code", "error"), [(ExitCode.INTERRUPTED, KeyboardInterrupt), (ExitCode.TERMINATED, PeerLost)]
)
def test_a_signal_before_the_first_checkpoint_is_its_own_error(monkeypatch, code, error):
    group = "gankit.launch.from_python.several_processes.run_group"
    monkeypatch.setattr(group, lambda *_: code)
    with pytest.raises(error):
        gankit.train("simple", backend="torch", dataset="glyphs", out="run", processes=2)


def test_a_stopped_run_says_how_the_same_number_of_processes_resumes_it():
    words = (sys.executable, "-m", "gankit", *TRAIN, "--minutes", "0.001", "--processes", "2")
    stopped = ran((*words, "--out", "run"), "the command", 180, env=environment())
    assert stopped.returncode == 0, stopped.stderr
    assert stopped.stderr.count("Resume with: ") == 1
    assert stopped.stderr.endswith(
        "Resume with: gankit train --out run --resume --processes 2 --minutes 0.002\n"
    )


RENDEZVOUS = {
    # Several hosts count their restarts apart, and here keep the store of the first start.
    "one-host": ("--nproc-per-node", "2", "--master-addr", "127.0.0.1", "--master-port"),
    "two-hosts": ("--nnodes", "2", "--nproc-per-node", "1", "--rdzv-backend", "c10d", "--rdzv-id",
                  "1", "--rdzv-endpoint"),
}  # fmt: skip


@pytest.mark.parametrize("rendezvous", RENDEZVOUS)
def test_torchrun_restarts_a_run_that_resumes(one, rendezvous):
    hosts = 2 if rendezvous == "two-hosts" else 1
    address = str(free_ports(1)) if hosts == 1 else f"127.0.0.1:{free_ports(1)}"
    words = (
        sys.executable, "-m", "torch.distributed.run", "--max-restarts", "1",
        *RENDEZVOUS[rendezvous], address, "-m", "gankit", *TRAIN, "--steps", STEPS, "--out", "run",
        "--resume",
    )  # fmt: skip
    with ExitStack() as stack:
        groups = [stack.enter_context(ProcessGroup(words)) for _ in range(hosts)]
        wait_for(RunFolder("run").checkpoints.steps, "a checkpoint", 180)
        ranks = {rank: pid for group in groups for rank, pid in group.ranks().items()}
        kill(ranks[1])
        for group in groups:
            _, errors = group.outputs(180)
            assert group.launcher.returncode == 0, errors
    assert_close(losses("run"), one, BOUND)
