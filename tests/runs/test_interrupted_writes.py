"""Temporary errors are retried, and unfinished files removed; tests/crash kills processes."""

from __future__ import annotations

import errno
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

from gankit._utils import atomic_files, storage
from gankit._utils.unfinished_files import created_locked
from gankit.errors import StorageError
from gankit.runs import LossLog, loss_log

CODES = [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS]


@pytest.mark.parametrize("code", storage.TRANSIENT, ids=errno.errorcode.get)
@pytest.mark.parametrize("act", ["save", "prune", "make", "log", "sync"])
def test_a_temporary_error_is_retried(store, state, fail_at, tmp_path, act, code):
    log = LossLog(tmp_path / "metrics.jsonl")
    log.append(0, np.ones((1, 2)))
    calls = fail_at(1, code)
    match act:
        case "save":
            store.save(1920, state, {})
        case "prune":
            store.prune(1)
        case "make":
            atomic_files.make_folder(tmp_path / "new" / "folder")
        case "log":
            log.append(1, np.ones((1, 2)))
        case "sync":
            log.sync()
    assert calls["failed"] == 1
    log.close()
    assert store.newest_valid(pytest.fail).step == (1920 if act == "save" else 1280)
    assert len(loss_log.read(log.path)) == (2 if act == "log" else 1)


def test_a_passing_read_error_is_retried_and_never_called_damage(store, monkeypatch):
    read, failures = os.fdopen, [2]

    def busy(*args, **kwargs):
        if failures[0]:
            failures[0] -= 1
            os.close(args[0])
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return read(*args, **kwargs)

    monkeypatch.setattr(os, "fdopen", busy)
    assert store.newest_valid(pytest.fail).step == 1280
    failures[0] = 3
    with pytest.raises(StorageError, match=r"cannot read .*001280"):
        store.newest_valid(pytest.fail)


@pytest.mark.parametrize("code", CODES, ids=errno.errorcode.get)
def test_after_any_failing_call_a_file_is_complete_old_or_new(tmp_path, fail_at, monkeypatch, code):
    path = tmp_path / "config.toml"
    path.write_bytes(b"before")
    failures = 0
    for number in itertools.count(1):
        calls = fail_at(number, code)
        try:
            atomic_files.write_file(path, b"after")
        except StorageError:
            failures += 1
        finally:
            monkeypatch.undo()
        assert path.read_bytes() in (b"before", b"after")
        assert list(tmp_path.iterdir()) == [path]
        if not calls["failed"]:
            break
    assert failures == 4, "write, sync, rename and the folder's sync"


def test_an_interrupted_save_publishes_nothing(store, state, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    for name in ("replace", "rename"):
        monkeypatch.setattr(os, name, interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.save(1920, state, {})
    assert sorted(path.name for path in store.folder.iterdir()) == ["000640", "001280"]


def test_files_of_a_dead_process_are_removed_and_those_of_a_living_one_are_not(store, state):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait(60)
    left = store.folder / f".gankit-{dead.pid}-01234567-0.tmp"
    busy = store.folder / f".gankit-{os.getppid()}-01234567-0.tmp"
    left.mkdir()
    with created_locked(busy, folder=True):
        store.save(1920, state, {})
        assert not left.exists()
        assert busy.exists()
