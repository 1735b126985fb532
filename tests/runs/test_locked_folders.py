"""A locked folder that is moved or removed is not made again, and nothing is lost."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest

from gankit._utils import atomic_files, locked_folders
from gankit.errors import StorageError
from gankit.runs import LossLog, RunFolder, evaluation_log, warning_log
from gankit.runs.warning_log import Warned
from gankit.visual import images
from tests.runs.test_evaluation_log import row

STATE = {"generator/0.kernel": np.ones((3, 2), np.float32)}
PIXELS = np.zeros((4, 4), np.uint8)
LOSSES = np.ones((1, 2))

WRITERS = {
    "the log": lambda run: LossLog(run.losses).append(0, LOSSES),
    "a picture": lambda run: images.write_png(run.sample_path(3), PIXELS),
    "a nearest picture": lambda run: images.write_png(run.nearest_path(3), PIXELS),
    "a checkpoint": lambda run: run.checkpoints.save(3, STATE),
    "pruning": lambda run: run.checkpoints.prune(1),
    "an evaluation": lambda run: evaluation_log.append(run.evaluations, row(3)),
    "a warning": lambda run: warning_log.append(run.warnings, Warned(3, "it collapsed")),
    "facts": lambda run: run.write_facts({}),
    "a configuration": lambda run: run.write_config("epochs = 2\n"),
    "a run": lambda run: run.create("epochs = 2\n", {}),
    "a folder": lambda run: atomic_files.make_folder(run.path / "tensorboard"),
}


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "runs" / "first")
    folder.create("", {"run": "mine"})
    folder.checkpoints.save(1, STATE)
    folder.checkpoints.save(2, STATE)
    return folder


def refused(run, do):
    """Lock the run, call `do`, and return its error."""

    def locked():
        with run.lock():
            do()

    with pytest.raises(StorageError) as caught:
        locked()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("become", ["moved", "removed", "replaced"])
def test_nothing_is_written_after_the_locked_folder_was_moved_or_removed(run, write, become):
    there = []

    def do():
        if become == "removed":
            shutil.rmtree(run.path)
        else:
            run.path.rename(run.path.with_name("second"))
        if become == "replaced":
            run.path.mkdir()
        there.extend(sorted(run.path.parent.rglob("*")))
        try:
            write(run)
        finally:
            assert sorted(run.path.parent.rglob("*")) == there

    assert re.search("first was (moved|removed)", refused(run, do))


def test_the_error_of_a_moved_run_names_its_last_checkpoint(run):
    new = run.path.with_name("second")
    said = refused(run, lambda: run.path.rename(new))
    assert f"was moved to {new}" in said
    assert f"its last checkpoint is {new / 'checkpoints' / '000002'}" in said


def test_the_error_of_a_removed_run_says_that_its_checkpoints_are_gone(run):
    said = refused(run, lambda: shutil.rmtree(run.path))
    assert "was removed" in said
    assert "its checkpoints were moved or removed with it" in said


def test_a_moved_run_removes_its_own_lock_and_no_other(run):
    new = run.path.with_name("second")

    def replace():
        run.path.rename(new)
        run.path.mkdir()
        (run.path / ".lock-holder").write_text("of another process")

    refused(run, replace)
    assert (run.path / ".lock-holder").exists()
    assert not (new / ".lock-holder").exists()


def test_changing_the_working_folder_does_not_move_the_run(run, monkeypatch):
    elsewhere = run.path.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(run.path.parent)
    relative = RunFolder("first")

    def go():
        monkeypatch.chdir(elsewhere)
        relative.checkpoints.save(3, STATE)

    assert "first/checkpoints/000002" in refused(relative, go)
    assert list(elsewhere.iterdir()) == []


def test_a_changed_link_to_the_run_folder_is_detected(run):
    link, other = run.path.with_name("link"), run.path.with_name("other")
    link.symlink_to(run.path)
    other.mkdir()

    def turn():
        link.unlink()
        link.symlink_to(other)
        LossLog(link / "metrics.jsonl").append(0, LOSSES)

    assert f"was moved to {run.path}" in refused(RunFolder(link), turn)
    assert list(other.iterdir()) == []


@pytest.mark.parametrize(
    "become",
    [
        lambda path: path.rename(path.with_name("old.jsonl")),
        lambda path: path.unlink(),
        lambda path: atomic_files.write_file(path, b""),
    ],
    ids=["moved", "removed", "replaced"],
)
def test_a_moved_or_removed_log_is_not_written(run, become):
    log = LossLog(run.losses)

    def write():
        log.append(0, LOSSES)
        become(run.losses)
        log.append(1, LOSSES)

    said = refused(run, write)
    log.close()
    assert "metrics.jsonl was moved or removed" in said
    assert "its last checkpoint is" in said


def test_files_outside_a_lost_run_folder_are_written(run, tmp_path):
    def write():
        run.path.rename(run.path.with_name("second"))
        atomic_files.write_file(tmp_path / "elsewhere", b"written")

    refused(run, write)
    assert (tmp_path / "elsewhere").read_bytes() == b"written"


def test_an_unlocked_folder_may_be_made_again(run):
    with run.lock():
        pass
    shutil.rmtree(run.path)
    run.create("", {})
    assert locked_folders.above(run.path) is None
