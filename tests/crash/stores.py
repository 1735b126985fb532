"""Checkpoints in which every number is their step; and a wrong way to save."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from safetensors import SafetensorError

from gankit._utils import atomic_files
from gankit.errors import CheckpointError
from gankit.runs import CheckpointStore, read_checkpoint

PARTS = ("generator", "discriminator", "average")
TENSORS = [f"{part}.safetensors" for part in (*PARTS, "trainer")]
FILES = [*TENSORS, "manifest.json"]


def state(step, size=1200):
    """Return a state with `size` numbers per network, each of them `step`."""
    arrays = {f"{part}/0.kernel": np.full(size, step, np.float32) for part in PARTS}
    return arrays | {"step": np.array(step, np.int64)}


def filled(folder, *steps):
    """Return a store in `folder` that holds these steps."""
    store = CheckpointStore(folder)
    for step in steps:
        store.save(step, state(step))
    return store


def only(checkpoint):
    """Return whether every number of a checkpoint is its step."""
    return checkpoint.state.keys() == state(checkpoint.step).keys() and all(
        (array == checkpoint.step).all() for array in checkpoint.state.values()
    )


def verified(store):
    """Return the steps of a store; each checkpoint must be complete and of one step."""
    steps = store.steps()
    for step in steps:
        assert only(store.load(step)), f"{store.path(step)} mixes steps"
    return steps


def refusal(folder):
    """Return the one-line error of a refused checkpoint; fail if it is not refused."""
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def reseal(checkpoint, edit):
    """Let `edit` change a manifest, and give it a valid digest again."""
    file = checkpoint / "manifest.json"
    said = json.loads(file.read_text())
    del said["sha256"]
    edit(said)
    text = json.dumps(said, indent=1, sort_keys=True) + "\n"
    said["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    file.write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")


def unfinished(folder):
    """Return the temporary names in a folder."""
    return [path.name for path in Path(folder).iterdir() if path.name.startswith(".gankit-")]


def contents(folder):
    """Return the bytes of every file in a folder, by relative path."""
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def save_in_place(folder, step, size=1200):
    """Save as many scripts do: overwrite each file in place."""
    for name, array in state(step, size).items():
        file = folder / f"{name.split('/')[0]}.safetensors"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        atomic_files.write_all(descriptor, safetensors.numpy.save({name: array}))
        os.close(descriptor)


def left_in_place(folder):
    """Return the state of files written by `save_in_place`: complete, unusable or mixed."""
    steps = set()
    for part in PARTS:
        try:
            arrays = safetensors.numpy.load((folder / f"{part}.safetensors").read_bytes())
        except (OSError, SafetensorError):
            return "unusable"
        steps.update(*(array.tolist() for array in arrays.values()))
    return "whole" if len(steps) == 1 else "mixed"
