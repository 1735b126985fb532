"""A checkpoint to damage, and processes that have imported a framework."""

from __future__ import annotations

import contextlib
import functools
import os

import pytest

from tests.crash.forks import forks
from tests.crash.stores import filled, only
from tests.selection import selected

# Runs in processes of their own are tiny: threads would wait for each other more than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")


@pytest.fixture
def checkpoint(tmp_path):
    """Return the folder of the newer of two checkpoints; the older one must not change."""
    store = filled(tmp_path / "checkpoints", 1, 2)
    yield store.path(2)
    assert only(store.load(1))


@pytest.fixture(scope="session")
def forks_of():
    """Return a function from a backend to its forks: one process for all tests here.

    Call it in a fixture: what a test starts itself ends with the test.
    """
    with contextlib.ExitStack() as stack:
        yield functools.cache(lambda backend: stack.enter_context(forks(backend)))


@pytest.fixture
def forked(backend, forks_of):
    """Return the forks of the backend that a test is parametrized with."""
    if not selected(backend):
        pytest.skip(f"{backend} is not installed, or not to be used in this process")
    return forks_of(backend)
