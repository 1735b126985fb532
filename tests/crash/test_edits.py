"""Edited checkpoints with valid digests are refused, too."""

from __future__ import annotations

import functools
import hashlib

import pytest
import safetensors.numpy

from gankit.runs import manifest, read_checkpoint
from tests.crash.repetitions import record
from tests.crash.stores import refusal, reseal, state

FILE = "generator.safetensors"

ARRAY = ("files", FILE, "arrays", "generator/0.kernel")
EDITS = [
    (("format",), 0),
    (("format",), manifest.FORMAT + 1),
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
    ((*ARRAY, "shape"), [12, 100]),
    ((*ARRAY, "shape"), [1199]),
    ((*ARRAY, "shape"), [-1, 5]),
    ((*ARRAY, "shape"), [True, 5]),
    ((*ARRAY, "shape"), [0] * 99),
    ((*ARRAY, "dtype"), "int32"),
    ((*ARRAY, "dtype"), "object"),
    (("files", FILE, "arrays", "generator/9.kernel"), {"dtype": "bool", "shape": [0]}),
]


def test_an_edit_of_info_with_a_valid_digest_is_accepted(checkpoint):
    reseal(checkpoint, lambda said: said["info"].update(note="resealed"))
    assert read_checkpoint(checkpoint).info == {"note": "resealed"}


@pytest.mark.parametrize("resealed", [False, True], ids=["digest kept", "digest right"])
@pytest.mark.parametrize("change", ["shape", "type", "name", "array more", "array less"])
def test_a_file_with_other_arrays_is_refused(checkpoint, change, resealed):
    file, name = checkpoint / FILE, "generator/0.kernel"
    numbers = state(2)[name]
    arrays = {
        "shape": {name: numbers.reshape(12, 100)},
        "type": {name: numbers.view("int32")},
        "name": {"generator/1.kernel": numbers},
        "array more": {name: numbers[:-1], "generator/1.bias": numbers[-1:]},
        "array less": {},
    }[change]
    content = safetensors.numpy.save(arrays)
    file.write_bytes(content)
    entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    if resealed:
        reseal(checkpoint, lambda said: said["files"][FILE].update(entry))
    assert FILE in refusal(checkpoint)


def test_an_edited_manifest_is_refused_even_with_a_valid_digest(checkpoint):
    file = checkpoint / "manifest.json"
    honest = file.read_bytes()
    for path, value in EDITS:
        reseal(checkpoint, functools.partial(put, path=path, value=value))
        said = refusal(checkpoint)
        assert str(checkpoint) in said, (path, value)
        assert "its digest is wrong" not in said
        file.write_bytes(honest)
    record("corruption", f"{len(EDITS)} edited manifests with right digests, each refused")


def put(table, path, value):
    """Set the entry at `path`, a list of keys."""
    *above, last = path
    for key in above:
        table = table[key]
    table[last] = value
