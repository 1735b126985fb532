"""A checkpoint to damage, and a fast disk."""

from __future__ import annotations

import os

import pytest

from tests.crash.stores import filled, only

# Runs in processes of their own are tiny: threads would wait for each other more than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")


@pytest.fixture
def checkpoint(tmp_path):
    """Return the folder of the newer of two checkpoints; the older one must not change."""
    store = filled(tmp_path / "checkpoints", 1, 2)
    yield store.path(2)
    assert only(store.load(1))
