"""The store of checkpoints, without faults."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from gankit.errors import CheckpointError, ConfigError, Diverged, OtherFormat, StorageError
from gankit.runs import manifest
from gankit.runs.checkpoints import CheckpointStore


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
        assert found[name].shape == array.shape


def test_a_loaded_state_equals_the_saved_state(store, state):
    found = store.load(640)
    assert_same(found.state, state)
    assert (found.step, found.info, found.path.name) == (640, {"backend": "numpy"}, "000640")


@pytest.mark.parametrize(
    "array",
    [
        np.array(3, np.int64),
        np.zeros((0, 4), np.float32),
        np.array([True, False]),
        np.arange(3, dtype=np.uint32),
        np.array([1.5, -2.0], ">f8"),
        np.arange(6.0).reshape(2, 3).T,
        np.arange(10.0)[::2],
    ],
    ids=["0-d", "empty", "bool", "uint32", "big-endian", "transposed", "strided"],
)
def test_an_array_of_any_memory_layout_is_loaded_equal(tmp_path, array):
    store = CheckpointStore(tmp_path)
    store.save(1, {"generator/a": array}, {})
    found = store.load(1).state["generator/a"]
    np.testing.assert_array_equal(found, array)
    assert (found.shape, found.dtype.name) == (array.shape, array.dtype.name)


def test_the_first_part_of_an_arrays_name_is_its_file(store):
    names = {path.name for path in store.path(640).iterdir()}
    parts = ("average", "discriminator", "generator", "optimizer", "trainer")
    assert names == {f"{part}.safetensors" for part in parts} | {"manifest.json"}


def test_the_manifest_says_who_wrote_what_and_when(store):
    said = json.loads((store.path(640) / "manifest.json").read_text())
    assert {"format", "gankit", "step", "created", "info", "files", "sha256"} == said.keys()
    assert said["files"]["trainer.safetensors"]["arrays"]["step"] == {
        "dtype": "int64",
        "shape": [],
    }


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_state_that_is_not_finite_is_never_published(store, state, value):
    state["generator/0.kernel"][1, 2] = value
    with pytest.raises(Diverged, match=r"'generator/0\.kernel' holds .* after step 1920"):
        store.save(1920, state, {})
    assert store.steps() == [640, 1280]


def test_saving_a_step_again_does_not_change_its_files(store, state):
    file = store.path(640) / "generator.safetensors"
    before = file.stat().st_ino
    store.save(640, state, {"backend": "numpy"})
    assert file.stat().st_ino == before


def test_saving_a_step_again_with_other_info_replaces_it(store, state):
    store.save(640, state, {"run": "another"})
    assert store.load(640).info == {"run": "another"}


def test_saving_a_damaged_step_again_replaces_it(store, state):
    (store.path(640) / "generator.safetensors").write_bytes(b"")
    store.save(640, state, {})
    assert_same(store.load(640).state, state)
    assert sorted(path.name for path in store.folder.iterdir()) == ["000640", "001280"]


def test_pruning_keeps_the_newest(store, state):
    store.save(1920, state, {})
    store.prune(2)
    assert sorted(path.name for path in store.folder.iterdir()) == ["001280", "001920"]
    with pytest.raises(ConfigError, match="at least 1"):
        store.prune(0)


def test_a_missing_step_is_refused_with_the_existing_steps(store):
    with pytest.raises(CheckpointError, match=r"no checkpoint of step 7 .* available: 640, 1280"):
        store.load(7)


def test_a_new_store_is_empty(tmp_path):
    store = CheckpointStore(tmp_path / "nowhere")
    assert store.steps() == []
    assert store.newest_valid(print) is None


def test_a_name_that_would_leave_the_folder_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be saved"):
        CheckpointStore(tmp_path / "a").save(1, {"../b": np.zeros(1)}, {})
    assert list(tmp_path.iterdir()) == []


def test_an_array_of_objects_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="expected plain numbers"):
        CheckpointStore(tmp_path).save(1, {"generator/a": np.array([{}])}, {})


def test_a_saved_checkpoint_is_not_pruned_for_a_damaged_newer_one(store, state):
    (store.path(1280) / "generator.safetensors").write_bytes(b"")
    store.save(960, state)
    store.prune(1, newest=960)
    assert store.steps() == [960, 1280]
    assert store.newest_valid().step == 960


def test_a_complete_checkpoint_of_another_run_is_skipped(store):
    def check(checkpoint):
        if checkpoint.step == 1280:
            raise CheckpointError(f"{checkpoint.path} is of another run")

    refused = []
    assert store.newest_valid(refused.append, check).step == 640
    assert len(refused) == 1


def test_a_checkpoint_of_a_newer_gankit_is_refused_and_not_replaced(store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(manifest, "FORMAT", 4)
        store.save(1920, {"generator/a": np.zeros(1)})
    with pytest.raises(OtherFormat, match=r"001920.*has format 4.*upgrade gankit"):
        store.newest_valid(print)


@pytest.mark.parametrize("change", ["moved", "removed", "replaced"])
def test_a_moved_or_removed_folder_is_not_made_again(tmp_path, state, change):
    store = CheckpointStore(tmp_path / "checkpoints")
    store.save(1, state, {})
    if change == "removed":
        shutil.rmtree(store.folder)
    else:
        store.folder.rename(tmp_path / "elsewhere")
    if change == "replaced":
        store.folder.mkdir()
    with pytest.raises(StorageError, match="checkpoints was moved or removed"):
        store.save(2, state, {})
    assert not store.folder.exists() or not list(store.folder.iterdir())
