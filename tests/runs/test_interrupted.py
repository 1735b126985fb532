"""A save that cannot finish leaves every earlier checkpoint whole, and nothing half-written."""

from __future__ import annotations

import errno
import itertools
import os
import signal
import subprocess
import sys
import time

import pytest

from gankit.errors import StorageError
from gankit.runs import atomic
from gankit.runs.checkpoints import CheckpointStore

CODES = [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS]

SAVER = """
import itertools, pathlib, sys
import numpy as np
from gankit.runs.checkpoints import CheckpointStore
store = CheckpointStore(pathlib.Path(sys.argv[1]))
for step in itertools.count(max(store.steps(), default=0) + 1):
    store.save(step, {f"{p}/a": np.full(40_000, step) for p in ("generator", "average")}, {})
    print(step, flush=True)
    store.prune(3)
"""


@pytest.mark.parametrize("code", CODES, ids=errno.errorcode.get)
def test_whichever_call_fails_the_earlier_checkpoints_stay(
    store, state, fail_at, monkeypatch, code
):
    failures = 0
    for number in itertools.count(1):
        calls = fail_at(number, code)
        try:
            store.save(1920, state, {})
        except StorageError:
            failures += 1
        else:
            break
        finally:
            monkeypatch.undo()
        assert [store.load(step).step for step in (640, 1280)] == [640, 1280]
        assert {path.name for path in store.folder.iterdir()} <= {"000640", "001280", "001920"}
    assert calls["failed"] == 0
    assert failures == number - 1 > 15, "each call of a save fails once"


def test_a_full_disk_is_named_with_what_is_free(store, state, fail_at):
    fail_at(2, errno.ENOSPC)
    with pytest.raises(StorageError, match=r"001920: the disk is full \([0-9.]+ MB free there\)"):
        store.save(1920, state, {})
    assert store.steps() == [640, 1280]


def test_an_error_that_passes_is_not_noticed(store, state, fail_at):
    calls = fail_at(2, errno.EAGAIN)
    store.save(1920, state, {})
    assert calls["failed"] == 1
    assert store.load(1920).step == 1920


def test_a_short_write_is_gone_on_with(store, state, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, content: write(file, content[:100]))
    store.save(1920, state, {})
    monkeypatch.undo()
    assert store.load(1920).step == 1920


@pytest.mark.parametrize("code", CODES, ids=errno.errorcode.get)
def test_whichever_call_fails_a_file_is_as_it_was_or_as_it_will_be(
    tmp_path, fail_at, monkeypatch, code
):
    path = tmp_path / "config.toml"
    path.write_bytes(b"before")
    failures = 0
    for number in itertools.count(1):
        calls = fail_at(number, code)
        try:
            atomic.write_file(path, b"after")
        except StorageError:
            failures += 1
        finally:
            monkeypatch.undo()
        assert path.read_bytes() in (b"before", b"after")
        assert list(tmp_path.iterdir()) == [path]
        if not calls["failed"]:
            break
    assert failures == 4, "write, sync, rename and the folder's sync"


def test_an_interrupted_save_leaves_nothing_visible(store, state, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    for name in ("replace", "rename"):
        monkeypatch.setattr(os, name, interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.save(1920, state, {})
    assert sorted(path.name for path in store.folder.iterdir()) == ["000640", "001280"]


def test_what_a_dead_process_left_is_swept_and_what_a_living_one_writes_is_not(store, state):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = store.folder / f".gankit-{dead.pid}-01234567-0.tmp"
    busy = store.folder / f".gankit-{os.getppid()}-01234567-0.tmp"
    for folder in (left, busy):
        folder.mkdir()
    store.save(1920, state, {})
    assert not left.exists()
    assert busy.exists()


def test_killed_at_any_moment_no_acknowledged_checkpoint_is_lost(tmp_path):
    folder, inside = tmp_path / "checkpoints", 0
    for run in range(8):
        acknowledged = _killed_after(folder, 0.02 + 0.023 * run)
        inside += any(path.name.startswith(".gankit-") for path in folder.iterdir())
        refusals = []
        newest = CheckpointStore(folder).newest_valid(refusals.append)
        assert refusals == []
        assert newest.step >= acknowledged
        assert (newest.state["generator/a"] == newest.step).all()
        assert (newest.state["average/a"] == newest.step).all()
    assert inside, "no kill hit a save"


def _killed_after(folder, seconds):
    """Run the saver, kill it some time after its first save, return the last step it reported."""
    process = subprocess.Popen(
        [sys.executable, "-c", SAVER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    first = process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    rest = process.communicate()[0].split()
    assert process.returncode == -signal.SIGKILL
    return int((first.split() + rest)[-1])
