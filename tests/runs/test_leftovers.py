"""Files in the way of a run are refused by name; no link is followed, no pipe opened."""

from __future__ import annotations

import os

import numpy as np
import pytest

from gankit.errors import DataError, StorageError
from gankit.runs import LossLog, RunFolder, evaluation_log, leftovers
from gankit.runs.folder import in_the_way
from tests.runs.test_evaluation_log import row

FILES = (
    "config.toml",
    "environment.json",
    "metrics.jsonl",
    "evaluations.jsonl",
    "warnings.jsonl",
    "times.jsonl",
    "classes.json",
    ".lock",
)
FOLDERS = ("samples", "nearest", "checkpoints")
STRANGE = ("link", "dangling link", "pipe", "other kind")


@pytest.fixture
def run(tmp_path):
    """Return a folder of a run that was not created."""
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    return folder


def put(path, kind):
    """Make a file at `path` that a run must not write to; return a link's target."""
    target = path.parent.with_name(f"elsewhere-{path.name}")
    match kind:
        case "link":
            target.write_text("") if path.name in FILES else target.mkdir()
            path.symlink_to(target)
        case "dangling link":
            path.symlink_to(target)
        case "pipe":
            os.mkfifo(path)
        case "other kind":
            path.mkdir() if path.name in FILES else path.write_text("")
    return target


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (name, kind)
        for name in (*FILES, *FOLDERS)
        for kind in STRANGE
        if (name, kind) != ("config.toml", "link")  # That is a run that cannot be read.
    ],
)
def test_a_new_run_refuses_special_files_in_its_folder(run, name, kind):
    put(run.path / name, kind)
    assert name in in_the_way(run)
    with pytest.raises(StorageError, match=f"cannot be used for a new run: .*{name} is a "):
        run.create("", {})


@pytest.mark.parametrize("name", FILES[2:-1])
def test_a_new_run_refuses_files_of_another_run(run, name):
    (run.path / name).write_text("")
    with pytest.raises(StorageError, match=f"{name} is a file of another run"):
        run.create("", {})


@pytest.mark.parametrize("name", FOLDERS)
def test_a_new_run_refuses_a_folder_with_contents(run, name):
    (run.path / name / "000640").mkdir(parents=True)
    with pytest.raises(StorageError, match=f"{name} contains files of another run"):
        run.create("", {})


@pytest.mark.parametrize("name", ["a.png", "cats/b.JPG"])
def test_a_new_run_refuses_a_folder_of_pictures(run, name):
    path = run.path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    assert in_the_way(run) == f"{run.path} has pictures, such as {name}"


def test_pictures_are_found_behind_a_folder_that_cannot_be_read(run, monkeypatch):
    for name in ("locked", "open"):
        (run.path / name).mkdir()
    (run.path / "open" / "a.png").write_bytes(b"")
    listed = leftovers.listing

    def listing(path, ignored):
        if path.name == "locked":
            raise DataError("cannot be read")
        return listed(path, ignored)

    monkeypatch.setattr(leftovers, "listing", listing)
    assert in_the_way(run) == f"{run.path} has pictures, such as open/a.png"


def test_a_new_run_accepts_files_that_are_no_pictures(run):
    for name in ("log.txt", "mine.toml", ".hidden.png", "images.npy", "notes/a.txt"):
        (run.path / name).parent.mkdir(exist_ok=True)
        (run.path / name).write_text("")
    run.create("", {})
    (run.path / "plot.png").write_bytes(b"")
    assert in_the_way(run) == ""


@pytest.mark.parametrize("kind", ["dangling link", "pipe", "other kind"])
def test_a_run_folder_must_be_a_folder(run, kind):
    run.path.rmdir()
    if kind == "other kind":
        run.path.write_text("")
    else:
        put(run.path, kind)
    assert "run is " in in_the_way(run)
    assert "not a folder" in in_the_way(run)


def test_a_run_folder_may_be_a_link(run):
    place = run.path.rename(run.path.with_name("place"))
    run.path.symlink_to(place)
    assert in_the_way(run) == ""


def test_a_new_run_accepts_the_files_of_a_killed_start(run):
    (run.path / "environment.json").write_text("{}")
    (run.path / "checkpoints").mkdir()
    (run.path / "samples").mkdir()
    (run.path / "samples" / ".DS_Store").write_text("")
    (run.path / ".lock").write_text("")
    run.create("", {})
    assert in_the_way(run) == ""


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("name", [*FILES[1:], *FOLDERS])
def test_a_resumed_run_refuses_special_files_but_accepts_linked_folders(run, name, kind):
    run.create("", {})
    (run.path / name).unlink(missing_ok=True)
    put(run.path / name, kind)
    assert (name in in_the_way(run)) == ((name in FILES) or kind != "link")


WRITERS = {
    "metrics.jsonl": lambda path: LossLog(path).append(0, np.ones((1, 2))),
    "evaluations.jsonl": lambda path: evaluation_log.append(path, row(3)),
}


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("name", WRITERS)
def test_logs_are_appended_only_to_regular_files_without_links(run, name, kind):
    target = put(run.path / name, kind)
    before = target.read_bytes() if kind == "link" else None
    with pytest.raises(Exception, match=f"{name}.*(link|pipe|regular|director)"):
        WRITERS[name](run.path / name)
    assert (target.read_bytes() if target.exists() else None) == before


@pytest.mark.parametrize("name", WRITERS)
def test_a_pipe_with_a_reader_is_not_a_log(run, name):
    os.mkfifo(run.path / name)
    reader = os.open(run.path / name, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(Exception, match=rf"{name}.*(pipe|regular)"):
            WRITERS[name](run.path / name)
        assert os.read(reader, 10) == b""
    finally:
        os.close(reader)


@pytest.mark.parametrize("name", WRITERS)
def test_appending_does_not_change_a_hard_linked_copy(run, name):
    path, copy = run.path / name, run.path.parent / "copy"
    WRITERS[name](path)
    before = path.read_bytes()
    os.link(path, copy)
    if name == "metrics.jsonl":
        LossLog(path).append(1, np.ones((1, 2)))
    else:
        evaluation_log.append(path, row(4))
    assert copy.read_bytes() == before
    assert path.read_bytes().startswith(before)
    assert len(path.read_bytes()) > len(before)
