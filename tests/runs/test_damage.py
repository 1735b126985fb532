"""A checkpoint that is not what was saved is refused, naming the file."""

from __future__ import annotations

import hashlib
import json
import os
import shutil

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


@pytest.mark.parametrize("name", [FILE, "trainer.safetensors", "manifest.json"])
@pytest.mark.parametrize("keep", [0.0, 0.5, -1])
def test_a_truncated_file_is_refused(store, name, keep):
    path = store.path(1280) / name
    content = path.read_bytes()
    path.write_bytes(content[: -1 if keep == -1 else int(keep * len(content))])
    refused(store, name)


@pytest.mark.parametrize("name", [FILE, "manifest.json"])
def test_any_flipped_bit_is_refused(store, name):
    path = store.path(1280) / name
    content = path.read_bytes()
    for bit in np.random.default_rng(1).choice(8 * len(content), 300, replace=False):
        bad = bytearray(content)
        bad[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bad)
        refused(store, name)
    path.write_bytes(content)
    store.load(1280)


@pytest.mark.parametrize("name", [FILE, "manifest.json"])
def test_a_file_of_zeros_is_refused(store, name):
    path = store.path(1280) / name
    path.write_bytes(bytes(path.stat().st_size))
    refused(store, name)


@pytest.mark.parametrize("name", [FILE, "manifest.json"])
def test_a_file_of_another_step_is_refused(store, name):
    shutil.copy(store.path(640) / name, store.path(1280) / name)
    refused(store, name)


@pytest.mark.parametrize("name", [FILE, "manifest.json"])
def test_a_missing_file_is_refused(store, name):
    (store.path(1280) / name).unlink()
    assert "is missing" in refused(store, name)


@pytest.mark.parametrize("name", [FILE, "manifest.json"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_regular_file_is_refused_without_waiting(store, name, kind):
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


def edit(table, path, value):
    """Set the entry at `path`, a list of keys."""
    *above, last = path
    for key in above:
        table = table[key]
    table[last] = value


ARRAY = ("files", FILE, "arrays", "generator/0.kernel")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), 2),
        (("format",), True),
        (("step",), 640),
        (("step",), "1280"),
        (("step",), -1),
        (("step",), 10**30),
        (("info",), []),
        (("gankit",), None),
        (("files",), []),
        (("files", "../generator.safetensors"), {}),
        (("files", "a/b.safetensors"), {}),
        (("files", "a\\b.safetensors"), {}),
        (("files", "run.py"), {}),
        (("files", FILE, "bytes"), 1),
        (("files", FILE, "bytes"), 10**15),
        (("files", FILE, "bytes"), 1e3),
        (("files", FILE, "sha256"), "0" * 64),
        (("files", FILE, "sha256"), "x"),
        (("files", FILE, "arrays"), {}),
        ((*ARRAY, "shape"), [5, 7]),
        ((*ARRAY, "shape"), [35]),
        ((*ARRAY, "shape"), [-1, 5]),
        ((*ARRAY, "shape"), [True, 5]),
        ((*ARRAY, "shape"), [0] * 99),
        ((*ARRAY, "dtype"), "int32"),
        ((*ARRAY, "dtype"), "object"),
        (("files", FILE, "arrays", "generator/9.kernel"), {"dtype": "bool", "shape": [0]}),
    ],
    ids=str,
)
def test_an_edited_manifest_is_refused_even_with_a_right_digest(store, path, value):
    file = store.path(1280) / "manifest.json"
    said = json.loads(file.read_text())
    del said["sha256"]
    edit(said, path, value)
    text = json.dumps(said, indent=1, sort_keys=True) + "\n"
    said["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    file.write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")
    message = refused(store, "001280")
    assert "its digest is wrong" not in message


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
        b" " * (manifest.LIMIT + 1),
    ],
    ids=["empty", "list", "null", "bytes", "deep", "deeper", "digits", "nan", "pickle", "huge"],
)
def test_a_manifest_that_is_none_is_refused(store, text):
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


def test_the_newest_valid_one_is_found_and_each_newer_one_complained_of(store, state):
    store.save(1920, state, {})
    (store.path(1920) / FILE).write_bytes(b"")
    (store.path(1280) / "manifest.json").unlink()
    complaints = []
    found = store.newest_valid(complaints.append)
    assert found.step == 640
    assert ["001920" in complaints[0], "001280" in complaints[1]] == [True, True]
    assert len(complaints) == 2
