"""A reader always finds a complete checkpoint while another process saves and prunes."""

from __future__ import annotations

import itertools
import os
import signal
import time

import pytest

from gankit.cli.doctor.checkpoints import reports
from gankit.runs import RunFolder
from tests.crash.repetitions import record, short_or_full
from tests.crash.stores import only, state

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

SECONDS = short_or_full(1.0, 20.0)


@pytest.fixture
def run(tmp_path):
    """Yield a run in which another process saves and keeps one checkpoint."""
    folder = RunFolder(tmp_path / "run")
    folder.create("", {"run": "mine"})
    folder.checkpoints.save(1, state(1))
    child = os.fork()
    if child == 0:
        try:
            rotate(folder)
        finally:
            os._exit(1)
    yield folder
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def rotate(folder):
    """Save and prune until this process is killed; no sync, so that most time is spent renaming."""
    os.fsync = lambda _: None
    store = folder.checkpoints
    for step in itertools.count(2):
        store.save(step, state(step))
        store.prune(1)


def test_a_concurrent_reader_always_finds_a_complete_checkpoint(run):
    told, found, began = [], [], time.monotonic()
    while time.monotonic() < began + SECONDS or len(set(found)) < 3:
        newest = run.checkpoints.newest_valid(told.append)
        assert newest is not None
        assert only(newest)
        found.append(newest.step)
    assert told == []
    assert found == sorted(found)
    record(
        "rotation",
        f"{len(found)} readings beside {found[-1]} checkpoints, with keep = 1: each found "
        "a complete one, none reported as damaged",
    )


def test_a_concurrent_list_reports_no_damage(run):
    seen, began = [], time.monotonic()
    while time.monotonic() < began + SECONDS or len(seen) < 3:
        rows = reports(run.path)
        assert rows
        assert all(row.valid for row in rows), rows
        seen.append(rows[-1].step)
    record("rotation", f"{len(seen)} lists of complete checkpoints beside {seen[-1]} checkpoints")
