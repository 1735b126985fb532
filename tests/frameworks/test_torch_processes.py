"""Runs of torch in several processes, as `torchrun` starts them."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

import gankit
from gankit.runs import RunFolder
from gankit.testing import assert_close
from tests.selection import selected
from tests.waiting import ran

if not selected("torch"):
    pytest.skip("torch is not among the backends under test", allow_module_level=True)

BOUND = 1e-9
STEPS = 12
TRAIN = (
    "train", "dcgan", "--backend", "torch", "--dataset", "glyphs", "--no-progress",
    "--set", "precision=float64", "--set", "batch=10", "--set", "checkpoint_every=6",
)  # fmt: skip


def torchrun(size, *arguments, **environment):
    """Run the command in some processes; return how torchrun ended."""
    launcher = "torch.distributed.run", "--standalone", "--nproc-per-node", size
    words = (sys.executable, "-m", *launcher, "-m", "gankit", *arguments)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    return ran(list(map(str, words)), "torchrun", env=environment)


def losses(folder):
    return {"losses": np.array(gankit.load(folder).history)}


@pytest.fixture
def one(machine):  # noqa: ARG001 - it trains there.
    """Return the losses of one process."""
    run = gankit.train(
        "dcgan", backend="torch", dataset="glyphs", precision="float64", batch=10, steps=STEPS,
        progress=False,
    )  # fmt: skip
    return {"losses": np.array(run.history)}


def test_processes_of_torchrun_train_as_one_and_resume_in_another_number(one):
    first = torchrun(2, *TRAIN, "--steps", 7, "--out", "run")
    assert first.returncode == 0, first.stderr
    assert first.stdout == "run\n"
    assert first.stderr.count("glyphs with torch") == 1
    assert_close(losses("run"), {"losses": one["losses"][:7]}, BOUND)
    then = torchrun(3, *TRAIN, "--steps", STEPS, "--out", "run", "--resume")
    assert then.returncode == 0, then.stderr
    assert_close(losses("run"), one, BOUND)
    assert RunFolder("run").checkpoints.steps() == [6, 7, 12]


def test_refused_runs_print_one_line_and_write_nothing(machine):
    for arguments, message in (
        (("--set", "precision=float32", "--set", "mixed=true"), "mixed: not possible in 2"),
        (("--set", "batch=1"), "batch: got 1 with 2 processes"),
    ):
        ended = torchrun(2, *TRAIN, *arguments, "--steps", 5, "--out", "run")
        lines = [line for line in ended.stderr.splitlines() if line.startswith("gankit: ")]
        assert len(lines) == 1
        assert message in lines[0]
        assert list(machine.iterdir()) == []


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
