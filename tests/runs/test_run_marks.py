"""A run's mark decides which checkpoints in its folder are its own."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gankit.errors import CheckpointError
from gankit.runs import CheckpointStore, RunFolder, manifest


def state(step):
    return {"generator/0.kernel": np.full((3, 2), step, np.float32)}


@pytest.fixture
def store(tmp_path):
    """Return a run's store: steps 10, 30 and 50 are its own, 20, 40 and 60 another run's."""
    mine, theirs = (CheckpointStore(tmp_path / "checkpoints", mark) for mark in ("mine", "theirs"))
    for step in (10, 30, 50):
        mine.save(step, state(step))
        theirs.save(step + 10, state(step))
    return mine


def folders(store):
    return sorted(int(path.name) for path in store.folder.iterdir())


def test_only_the_runs_own_checkpoints_are_listed_and_others_are_reported(store):
    told = []
    assert store.steps(told.append) == [10, 30, 50]
    assert [line.rpartition("/")[2] for line in told] == [
        "000020 is of another run",
        "000040 is of another run",
        "000060 is of another run",
    ]


def test_a_checkpoint_of_another_run_is_not_loaded_by_its_step(store):
    with pytest.raises(CheckpointError, match=r"no checkpoint of step 60 .* available: 10, 30, 50"):
        store.load(60)


def test_the_newest_valid_checkpoint_is_the_runs_own(store):
    told = []
    assert store.newest_valid(told.append).step == 50
    assert len(told) == 3


def test_pruning_ignores_checkpoints_of_another_run(store):
    store.prune(2)
    assert folders(store) == [20, 30, 40, 50, 60]


def test_saving_replaces_an_equal_state_of_another_run(store):
    store.save(60, state(50))
    assert store.newest_valid(lambda _: None).step == 60


def test_saved_checkpoints_always_have_the_mark(store):
    store.save(70, state(70), {"backend": "numpy", "run": "theirs"})
    assert store.load(70).info == {"backend": "numpy", "run": "mine"}


def test_without_a_mark_every_checkpoint_belongs_to_the_run(store):
    assert CheckpointStore(store.folder).steps() == [10, 20, 30, 40, 50, 60]


def test_a_damaged_manifest_and_one_without_a_mark_belong_to_the_run(store):
    CheckpointStore(store.folder).save(80, state(80))
    (store.path(40) / manifest.NAME).write_bytes(b"{}")
    assert store.steps() == [10, 30, 40, 50, 80]


def test_pruning_ignores_checkpoints_with_an_unreadable_manifest(store):
    (store.path(50) / manifest.NAME).write_bytes(b"{}")
    store.prune(2)
    assert folders(store) == [10, 20, 30, 40, 50, 60]
    store.prune(1)
    assert folders(store) == [20, 30, 40, 50, 60]


@pytest.mark.parametrize("mark", [None, 3, ["mine"], {}], ids=repr)
def test_a_mark_that_is_not_text_is_ignored(tmp_path, mark):
    folder = RunFolder(tmp_path)
    folder.environment.write_text(json.dumps({"run": mark}))
    assert folder.mark == ""


def forget(folder, how):
    match how:
        case "missing":
            folder.environment.unlink(missing_ok=True)
        case "damaged":
            folder.environment.write_text('{"run": "mi')
        case "without it":
            folder.environment.write_text("{}")


@pytest.mark.parametrize("how", ["missing", "damaged", "without it"])
def test_a_lost_mark_is_taken_from_the_checkpoints(tmp_path, how):
    folder = RunFolder(tmp_path)
    for step in (10, 20):
        CheckpointStore(tmp_path / "checkpoints", "mine").save(step, state(step))
    (tmp_path / "checkpoints" / "000020" / manifest.NAME).unlink()
    forget(folder, how)
    assert folder.mark == "mine"
    folder.checkpoints.save(30, state(30))
    assert folder.checkpoints.load(30).info["run"] == "mine"


@pytest.mark.parametrize("how", ["missing", "damaged", "without it"])
def test_without_a_mark_checkpoints_of_two_runs_are_all_refused(store, how):
    folder = RunFolder(store.folder.parent)
    forget(folder, how)
    with pytest.raises(CheckpointError, match=r"of 2 runs, and .*environment\.json does not"):
        _ = folder.checkpoints


def test_a_folder_opens_the_store_of_its_run(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create("", {"run": "mine"})
    folder.checkpoints.save(10, state(10))
    CheckpointStore(folder.checkpoints.folder, "theirs").save(20, state(20))
    assert RunFolder.open(folder.path).checkpoints.steps() == [10]
