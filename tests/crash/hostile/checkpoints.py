"""Hostile checkpoints: false files, and manifests with their digests."""

from __future__ import annotations

import hashlib
import json
import os
import struct

import numpy as np

from gankit.runs import CheckpointStore, read_checkpoint
from gankit.runs.manifest import NAME, ArrayEntry, FileEntry, Manifest
from gankit.runs.tensors import encode
from tests.crash.hostile import DEEP, HUGE, a_pickle, endless, hostile, pipe, sparse, write

FILE = "generator.safetensors"
KERNEL = "generator/0.kernel"
refused = hostile(read_checkpoint, "CheckpointError")


def checkpoint(folder, **info):
    """Return a complete checkpoint to be made hostile; its manifest has `info`."""
    state = {KERNEL: np.ones((3, 2), np.float32), "step": np.array(4)}
    return CheckpointStore(folder).save(4, state, info)


def sealed(folder, content, arrays=None, *, name=FILE, size=None):
    """Return a checkpoint whose manifest has the digest of a file with that content."""
    arrays = arrays or {}
    digest = hashlib.sha256(content).hexdigest()
    entry = FileEntry(len(content) if size is None else size, digest, arrays)
    path = folder / "000004"
    write(path / NAME, Manifest(4, "0.1.0", "now", {}, {name: entry}).encode())
    if "/" not in name:
        write(path / name, content)
    return path


def header(table, body=b""):
    """Return a safetensors file with a given header."""
    text = table if isinstance(table, bytes) else json.dumps(table).encode()
    return struct.pack("<Q", len(text)) + text + body


def tensor(start=0, end=8, dtype="F32", shape=(2,)):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


HEADERS = {
    "a pickle": a_pickle(),
    "a header longer than any": struct.pack("<Q", 2**63) + b"{}",
    "a header longer than its file": struct.pack("<Q", 50_000_000) + b"{}",
    "a header that is no JSON": header(b"\xff\xfe{}"),
    "a header that is deep": header(b'{"a":' * DEEP + b"1" + b"}" * DEEP),
    "a header of a million digits": header(b'{"a":' + b"9" * 10**6 + b"}"),
    "arrays that overlap": header({"a": tensor(0, 8), "b": tensor(4, 12)}, bytes(12)),
    "arrays with a hole between": header({"a": tensor(0, 8), "b": tensor(12, 20)}, bytes(20)),
    "an array that ends behind the file": header({"a": tensor(0, 800)}, bytes(8)),
    "an array that ends before it begins": header({"a": tensor(8, 0)}, bytes(8)),
    "a shape of 2^64 numbers": header({"a": tensor(shape=(2**62, 4))}, bytes(8)),
    "a shape of nothing times 2^63": header({"a": tensor(0, 0, "U8", (0, 2**63))}),
    "a shape below nothing": header({"a": tensor(shape=(-2,))}, bytes(8)),
    "a shape of a hundred dimensions": header({"a": tensor(0, 4, shape=(1,) * 100)}, bytes(4)),
    "a shape that its bytes belie": header({"a": tensor(shape=(3,))}, bytes(8)),
    "a type that imports a library elsewhere": header({"a": tensor(0, 4, "BF16")}, bytes(4)),
    "a type that is an object": header({"a": tensor(dtype="O")}, bytes(8)),
    "a name given twice": header(
        f'{{"a": {json.dumps(tensor())}, "a": {json.dumps(tensor())}}}'.encode(), bytes(8)
    ),
}


def _register(name, content):
    def make(folder):
        return sealed(folder, content)

    make.__name__ = f"safetensors: {name}"
    refused(make)


for _name, _content in HEADERS.items():
    _register(_name, _content)


@refused
def a_number_that_is_not_finite_with_valid_digests(folder):
    content = encode({KERNEL: np.array([1, np.nan], np.float32)})
    return sealed(folder, content, {KERNEL: ArrayEntry("float32", (2,))})


@refused
def a_manifest_with_a_path_outside_its_folder(folder):
    write(folder / "outside.safetensors", encode({}))
    return sealed(folder, encode({}), name="../outside.safetensors")


@refused
def a_manifest_with_an_absolute_path(folder):
    outside = write(folder / "outside.safetensors", encode({}))
    return sealed(folder, encode({}), name=str(outside))


@refused
def a_file_that_is_a_link(folder):
    path = sealed(folder, encode({}))
    (path / FILE).rename(folder / "moved")
    (path / FILE).symlink_to(folder / "moved")
    return path


@refused
def a_file_that_is_a_pipe(folder):
    path = sealed(folder, encode({}))
    (path / FILE).unlink()
    pipe(path / FILE)
    return path


@refused
def a_file_that_is_a_folder(folder):
    path = sealed(folder, encode({}))
    (path / FILE).unlink()
    (path / FILE).mkdir()
    return path


@refused
def a_file_that_is_endless(folder):
    path = sealed(folder, encode({}))
    (path / FILE).unlink()
    endless(path / FILE)
    return path


@refused
def a_file_larger_than_its_manifest_says(folder):
    path = sealed(folder, encode({}))
    sparse(path / FILE)
    return path


@refused
def a_file_larger_than_memory_as_its_manifest_says(folder):
    path = sealed(folder, b"", {KERNEL: ArrayEntry("uint8", (HUGE,))}, size=HUGE)
    sparse(path / FILE)
    return path


@refused
def a_checkpoint_that_is_a_link(folder):
    path = checkpoint(folder)
    path.rename(folder / "moved")
    path.symlink_to(folder / "moved")
    return path


@refused
def a_checkpoint_that_is_a_file(folder):
    return write(folder / "000004", a_pickle())


def manifest(folder, content):
    path = checkpoint(folder)
    write(path / NAME, content)
    return path


@refused
def a_manifest_that_is_a_pickle(folder):
    return manifest(folder, a_pickle())


@refused
def a_manifest_that_is_deep(folder):
    return manifest(folder, '{"format":' * DEEP)


@refused
def a_manifest_of_a_million_digits(folder):
    return manifest(folder, '{"format": ' + "9" * 10**6 + "}")


@refused
def a_manifest_with_nan(folder):
    return manifest(folder, '{"format": NaN}')


@refused
def a_manifest_with_a_key_given_twice(folder):
    said = (checkpoint(folder) / NAME).read_text()
    return manifest(folder, said.replace('"format": ', '"format": 2,\n "format": '))


@refused
def a_manifest_of_many_small_parts(folder):
    return manifest(folder, "[" + "{}," * (2**22 // 3 - 2) + "{}]")


@refused
def a_manifest_that_is_a_pipe(folder):
    path = checkpoint(folder)
    (path / NAME).unlink()
    pipe(path / NAME)
    return path


@refused
def a_manifest_that_is_endless(folder):
    path = checkpoint(folder)
    (path / NAME).unlink()
    endless(path / NAME)
    return path


@refused
def a_manifest_that_is_a_folder(folder):
    path = checkpoint(folder)
    (path / NAME).unlink()
    (path / NAME).mkdir()
    return path


@refused
def a_manifest_larger_than_memory(folder):
    path = checkpoint(folder)
    os.truncate(path / NAME, HUGE)
    return path
