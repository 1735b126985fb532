"""A reader never reports a checkpoint as damaged that another process has pruned."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from gankit.cli.doctor import checkpoints as diagnosis
from gankit.launch.resume import find_checkpoint
from gankit.runs import CheckpointStore, RunFolder, checkpoints


def state(step):
    return {"generator/0.kernel": np.full((3, 2), step, np.float32)}


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create("", {"run": "mine"})
    folder.checkpoints.save(10, state(10))
    return folder


@pytest.fixture
def rotate(run, monkeypatch):
    """Save and prune at the n-th reading of a file, for each of these n."""

    def arm(*turns):
        read, calls = checkpoints.read_plain, []

        def reading(path, *arguments):
            calls.append(path)
            if len(calls) in turns:
                with monkeypatch.context() as patch:
                    patch.setattr(checkpoints, "read_plain", read)
                    last = run.checkpoints.steps()[-1]
                    run.checkpoints.save(last + 10, state(last + 10))
                    run.checkpoints.prune(1)
            return read(path, *arguments)

        monkeypatch.setattr(checkpoints, "read_plain", reading)
        return calls

    return arm


@pytest.mark.parametrize("turns", [(1,), (2,), (3,), (1, 3, 5), (2, 4, 6)], ids=str)
def test_the_newest_is_found_after_the_listed_one_was_removed(run, rotate, turns):
    calls = rotate(*turns)
    told = []
    found = run.checkpoints.newest_valid(told.append)
    assert found.step == run.checkpoints.steps()[0]
    assert told == []
    assert len(calls) > turns[0]


def test_info_is_found_after_the_listed_checkpoint_was_removed(run, monkeypatch):
    read, calls = find_checkpoint.read_manifest, []

    def reading(path):
        calls.append(path)
        if len(calls) == 1:
            run.checkpoints.save(20, state(20), {"backend": "numpy"})
            run.checkpoints.prune(1)
        return read(path)

    monkeypatch.setattr(find_checkpoint, "read_manifest", reading)
    assert find_checkpoint.newest_info(run)["backend"] == "numpy"


def test_a_checkpoint_replaced_while_it_is_read_is_read_again(run, monkeypatch):
    read, calls = checkpoints.read_plain, []

    def reading(path, *arguments):
        calls.append(path)
        content = read(path, *arguments)
        if len(calls) == 2:  # The manifest, for its mark and for its digests.
            run.checkpoints.path(10).rename(run.path / "old")
            shutil.copytree(made.path(10), run.checkpoints.path(10))
        return content

    made = CheckpointStore(run.path.parent / "made", "mine")
    made.save(10, state(11))
    monkeypatch.setattr(checkpoints, "read_plain", reading)
    told = []
    assert run.checkpoints.newest_valid(told.append).state["generator/0.kernel"][0, 0] == 11
    assert told == []


def test_a_damaged_checkpoint_that_is_not_replaced_is_refused(run):
    run.checkpoints.save(20, state(20))
    (run.checkpoints.path(20) / "generator.safetensors").unlink()
    told = []
    assert run.checkpoints.newest_valid(told.append).step == 10
    assert len(told) == 1


@pytest.mark.parametrize(
    "ask", [diagnosis.reports, lambda run: diagnosis.verified([run])], ids=["list", "verify"]
)
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_checkpoint_removed_while_it_is_read_is_not_reported_as_damaged(run, rotate, ask, turn):
    rotate(turn)
    (row,) = ask(run.path)
    assert (row.step, row.valid) == (20, True)
