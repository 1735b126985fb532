"""A process that dies before or after any system call loses no saved data."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from gankit.runs import CheckpointStore, LossLog, RunFolder, loss_log
from tests.crash.children import in_child
from tests.crash.repetitions import record
from tests.crash.stores import (
    contents,
    filled,
    left_in_place,
    save_in_place,
    state,
    unfinished,
    verified,
)
from tests.crash.system_calls import killed_after, killed_before, struck

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

CHANGING = {
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.truncate",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.chown",
    "os.utime",
}


@pytest.fixture
def fresh(tmp_path):
    """Return a function that makes a folder with steps 1 and 2 and unfinished files."""
    filled(tmp_path / "as-found", 1, 2)
    dead = in_child(os.getpid).value
    left = tmp_path / "as-found" / f".gankit-{dead}-01234567-0.tmp"
    shutil.copytree(tmp_path / "as-found" / "000001", left)

    def make():
        shutil.rmtree(tmp_path / "folder", ignore_errors=True)
        return Path(shutil.copytree(tmp_path / "as-found", tmp_path / "folder"))

    return make


def die_at_each_call(make, act, check):
    """Die before and after every call of `act(folder)`, and `check(folder)` each time.

    Returns the names of the calls of one `act` that nothing struck.
    """
    for fault in (killed_before, killed_after):
        for number in itertools.count(1):
            folder = make()
            ended = in_child(_struck, number, fault, act, folder)
            if ended.signal == 0:
                break
            assert ended.signal == signal.SIGKILL
            check(folder)
        assert ended.error is None
        assert number == len(ended.value) + 1, "each call was the last of one process"
    return ended.value


def _struck(number, fault, act, folder):
    with struck(number, fault) as made:
        act(folder)
    return made


def said(act, calls):
    """Record that a process died before and after these calls, and nothing was lost."""
    record("kill-calls", f"{act}: {2 * len(calls)} deaths at {len(calls)} calls, nothing lost")


def save_a_new_step(folder):
    CheckpointStore(folder).save(3, state(3))


def save_the_damaged_step(folder):
    CheckpointStore(folder).save(2, state(2))


def prune(folder):
    CheckpointStore(folder).prune(1)


def test_a_kill_while_saving_loses_no_step(fresh):
    def check(folder):
        assert verified(CheckpointStore(folder)) in ([1, 2], [1, 2, 3])
        save_a_new_step(folder)
        assert verified(CheckpointStore(folder)) == [1, 2, 3]
        assert unfinished(folder) == []

    calls = die_at_each_call(fresh, save_a_new_step, check)
    assert {"open", "write", "fsync", "close", "mkdir", "rename", "unlink", "rmdir"} <= set(calls)
    said("save", calls)


def test_a_kill_while_replacing_a_damaged_step_loses_no_other(fresh):
    def make():
        folder = fresh()
        damaged = folder / "000002" / "generator.safetensors"
        damaged.write_bytes(damaged.read_bytes()[:-1])
        return folder

    def check(folder):
        refusals = []
        newest = CheckpointStore(folder).newest_valid(refusals.append)
        assert newest.step in (1, 2)
        assert all("000002" in refusal for refusal in refusals)
        save_the_damaged_step(folder)
        assert verified(CheckpointStore(folder)) == [1, 2]
        save_a_new_step(folder)
        assert unfinished(folder) == []

    calls = die_at_each_call(make, save_the_damaged_step, check)
    assert calls.count("rename") == 2, "the damaged step gives way, and the new one takes its place"
    said("replacing a damaged step", calls)


def test_a_kill_while_pruning_loses_only_pruned_checkpoints(fresh):
    def check(folder):
        assert verified(CheckpointStore(folder)) in ([1, 2], [2])
        prune(folder)
        save_a_new_step(folder)
        assert verified(CheckpointStore(folder)) == [2, 3]
        assert unfinished(folder) == []

    calls = die_at_each_call(fresh, prune, check)
    assert {"rename", "fsync", "unlink", "rmdir"} <= set(calls)
    said("prune", calls)


def test_a_kill_while_creating_a_run_leaves_a_complete_run_or_no_run(tmp_path):
    facts = {"python": "3.11", "run": "ab"}

    def make():
        shutil.rmtree(tmp_path / "runs", ignore_errors=True)
        return tmp_path / "runs" / "first"

    def create(folder):
        with RunFolder(folder).lock():
            RunFolder(folder).create("epochs = 2\n", facts)

    def check(folder):
        run = RunFolder(folder)
        if run.exists():
            with run.lock():
                assert run.config.read_text() == "epochs = 2\n"
                assert run.facts() == facts
        else:
            create(folder)
        assert unfinished(folder) == []
        assert contents(folder).keys() <= {"config.toml", "environment.json", ".lock"}

    said("creating a run", die_at_each_call(make, create, check))


def test_a_kill_while_truncating_the_log_leaves_the_old_or_the_new_log(tmp_path):
    losses = np.random.default_rng(0).standard_normal((20, 2))

    def make():
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        folder = tmp_path / "run"
        log = LossLog(folder / "metrics.jsonl")
        log.append(0, losses)
        log.close()
        return folder

    def take_back(folder):
        loss_log.truncate(folder / "metrics.jsonl", 7)

    def check(folder):
        assert len(loss_log.read(folder / "metrics.jsonl")) in (7, 20)
        take_back(folder)
        np.testing.assert_array_equal(loss_log.read(folder / "metrics.jsonl"), losses[:7])

    said("truncating the log", die_at_each_call(make, take_back, check))


def test_a_kill_while_logging_leaves_complete_lines_and_at_most_one_torn(tmp_path):
    losses = np.random.default_rng(0).standard_normal((20, 2))

    def make():
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        return tmp_path / "run"

    def write(folder):
        log = LossLog(folder / "metrics.jsonl")
        log.append(0, losses[:7])
        log.sync()
        log.append(7, losses[7:])
        log.close()

    def check(folder):
        found = loss_log.read(folder / "metrics.jsonl")
        assert len(found) in (0, 7, 20)
        np.testing.assert_array_equal(found, losses[: len(found)])

    said("logging", die_at_each_call(make, write, check))


def test_a_kill_while_overwriting_in_place_would_damage_files(tmp_path):
    found = Counter()

    def make():
        shutil.rmtree(tmp_path / "latest", ignore_errors=True)
        (tmp_path / "latest").mkdir()
        save_in_place(tmp_path / "latest", 1)
        return tmp_path / "latest"

    calls = die_at_each_call(
        make, lambda folder: save_in_place(folder, 2), lambda f: found.update([left_in_place(f)])
    )
    assert found["unusable"]
    assert found["mixed"], "generator and average of different steps, and all of it loads"
    record(
        "kill-calls",
        f"in-place writing: {found['unusable']} of {2 * len(calls)} deaths leave "
        f"it unusable, {found['mixed']} mix steps",
    )


@pytest.mark.parametrize(
    "act", [save_a_new_step, save_the_damaged_step, prune], ids=lambda act: act.__name__
)
def test_every_system_call_is_counted(fresh, act):
    folder = fresh()
    if act is save_the_damaged_step:
        (folder / "000002" / "generator.safetensors").write_bytes(b"")
    told = in_child(_counted_and_audited, act, folder).value
    counted, audited = (Counter(each) for each in told)
    assert audited["os.rename"] == counted["rename"] + counted["replace"]
    assert audited["os.remove"] == counted["unlink"] + counted["remove"]
    for name in ("mkdir", "rmdir"):
        assert audited[f"os.{name}"] == counted[name]
    assert audited["open"] == counted["open"] > 0
    assert not audited.keys() - {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}


def _counted_and_audited(act, folder):
    """Return the counted calls, and those of Python's audit events."""
    audited = []

    def hook(event, arguments):
        opened = event == "open" and not isinstance(arguments[0], int)
        if opened or event in CHANGING:
            audited.append(event)

    sys.addaudithook(hook)
    audited.clear()
    with struck(0, None) as made:
        act(folder)
    return made, audited
