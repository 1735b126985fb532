"""A small state, a store with two checkpoints, and a failing disk."""

from __future__ import annotations

import os

import numpy as np
import pytest

from gankit.runs.checkpoints import CheckpointStore


def make_state(seed):
    random = np.random.default_rng(seed)
    arrays = {
        f"{part}/0.{name}": random.standard_normal(shape).astype(np.float32)
        for part in ("generator", "discriminator", "average", "optimizer/generator/m")
        for name, shape in (("kernel", (7, 5)), ("bias", (5,)))
    }
    return arrays | {"step": np.array(seed, np.int64)}


@pytest.fixture
def state():
    return make_state(640)


@pytest.fixture
def store(tmp_path):
    """Return a store with steps 640 and 1280, each with another state."""
    store = CheckpointStore(tmp_path / "checkpoints")
    for step in (640, 1280):
        store.save(step, make_state(step), {"backend": "numpy"})
    return store


@pytest.fixture
def fail_at(monkeypatch):
    """Make the `number`-th call of any of the system calls that write fail."""

    def arm(number, code):
        calls = {"made": 0, "failed": 0}

        def failing(original):
            def call(*args, **kwargs):
                calls["made"] += 1
                if calls["made"] == number:
                    calls["failed"] += 1
                    raise OSError(code, os.strerror(code))
                return original(*args, **kwargs)

            return call

        for name in ("write", "fsync", "replace", "rename", "mkdir"):
            monkeypatch.setattr(os, name, failing(getattr(os, name)))
        return calls

    yield arm
    monkeypatch.undo()
