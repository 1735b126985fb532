"""Invalid checkpoints are refused by name; tests/crash damages real ones."""

from __future__ import annotations

import os

import numpy as np
import pytest

from gankit.errors import CheckpointError
from gankit.runs import manifest

FILE = "generator.safetensors"


def refused(store, name, step=1280):
    with pytest.raises(CheckpointError, match=name.replace(".", r"\.")) as caught:
        store.load(step)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", [FILE, "manifest.json"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_special_file_is_refused_without_waiting(store, name, kind):
    path = store.path(1280) / name
    moved = path.rename(store.folder / "moved")
    match kind:
        case "link":
            path.symlink_to(moved)
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
    refused(store, name)


def test_a_checkpoint_that_is_a_link_is_refused(store):
    store.path(1280).rename(store.folder / "moved")
    store.path(1280).symlink_to(store.folder / "moved")
    assert "symbolic link" in refused(store, "001280")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 10**6,
        b'{"a":' * 10**5,
        b'{"format": ' + b"9" * 10_000 + b"}",
        b'{"format": NaN}',
        b"\x80\x04\x95.",
        b" " * (manifest.MOST_BYTES + 1),
    ],
    ids=["empty", "list", "null", "bytes", "deep", "deeper", "digits", "nan", "pickle", "huge"],
)
def test_an_invalid_manifest_is_refused(store, text):
    (store.path(1280) / "manifest.json").write_bytes(text)
    refused(store, "manifest.json")


def test_numbers_that_are_not_finite_are_refused_whatever_the_digests_say(
    store, state, monkeypatch
):
    state["generator/0.bias"][0] = np.nan
    with monkeypatch.context() as patch:
        patch.setattr("gankit.runs.tensors.not_finite", lambda _: None)
        store.save(1920, state, {})
    assert "holds nan" in refused(store, FILE, step=1920)


def test_the_newest_valid_checkpoint_is_found_and_each_newer_one_reported(store, state):
    store.save(1920, state, {})
    (store.path(1920) / FILE).write_bytes(b"")
    (store.path(1280) / "manifest.json").unlink()
    complaints = []
    found = store.newest_valid(complaints.append)
    assert found.step == 640
    assert ["001920" in complaints[0], "001280" in complaints[1]] == [True, True]
    assert len(complaints) == 2
