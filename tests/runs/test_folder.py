"""The run folder."""

from __future__ import annotations

import errno
import itertools
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from gankit.errors import CheckpointError, StorageError
from gankit.runs.environment import environment, libraries
from gankit.runs.folder import RunFolder

HOLDER = """
import pathlib, sys
from gankit.runs.folder import RunFolder
with RunFolder(pathlib.Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "runs" / "first")
    folder.create('recipe = "simple"\n', {"python": "3.11"})
    return folder


@pytest.fixture
def holder(run):
    """Yield another process, which has locked the run."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", HOLDER, str(run.path)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_created_run_is_found_again(run):
    found = RunFolder.open(run.path)
    assert found.config.read_text() == 'recipe = "simple"\n'
    assert json.loads(found.environment.read_text()) == {"python": "3.11"}
    assert found.sample_path(1280) == run.path / "samples" / "001280.png"


def test_the_configuration_can_be_replaced(run):
    run.write_config("epochs = 2\n")
    assert run.config.read_text() == "epochs = 2\n"


def test_a_run_is_not_created_over_another(run):
    with pytest.raises(StorageError, match="contains a run already"):
        run.create("", {})
    assert run.config.read_text() == 'recipe = "simple"\n'


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Path.mkdir, "no config.toml"),
        (Path.touch, "it is a file"),
        (lambda _: None, "no such folder"),
    ],
    ids=["folder", "file", "nothing"],
)
def test_a_folder_that_is_not_a_run_is_not_opened(tmp_path, make, reason):
    make(tmp_path / "other")
    with pytest.raises(CheckpointError, match=f"no run folder at '.*other': .*{reason}"):
        RunFolder.open(tmp_path / "other")


def test_a_run_that_cannot_be_created_leaves_nothing(tmp_path, fail_at, monkeypatch):
    failures = 0
    for number in itertools.count(1):
        folder = RunFolder(tmp_path / f"run{number}")
        calls = fail_at(number, errno.ENOSPC)
        try:
            folder.create("epochs = 2\n", {})
        except StorageError:
            failures += 1
        finally:
            monkeypatch.undo()
        if not calls["failed"]:
            break
        assert not folder.exists()
        assert not list(folder.path.glob("*"))
    assert failures == number - 1 > 8
    assert folder.exists()


def test_a_file_where_the_folder_should_be_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"of that name exists|is a file, not a folder"):
        RunFolder(tmp_path / "file" / "run").create("", {})


def test_a_second_writer_is_refused_naming_the_first(run, holder):
    wanted = rf"is being written by another process \({holder.pid} on .+\)"
    with pytest.raises(StorageError, match=wanted), run.lock():
        pass


def test_the_lock_of_a_killed_process_is_released(run, holder):
    holder.kill()
    holder.wait(60)
    with run.lock():
        pass


def test_a_released_lock_can_be_taken_again(run):
    for _ in range(2):
        with run.lock():
            pass


def test_taking_the_lock_removes_unfinished_files(run, state):
    run.checkpoints.save(1, state, {})
    left = run.checkpoints.folder / ".gankit-1-01234567-0.tmp"
    left.mkdir()
    with run.lock():
        assert not left.exists()
    assert run.checkpoints.steps() == [1]


def test_the_environment_is_plain_json_and_imports_no_framework():
    code = (
        "import json, sys\n"
        "from gankit.runs.environment import environment, libraries\n"
        "print(json.dumps(environment()))\n"
        "assert not {'torch', 'keras', 'tensorflow', 'jax'} & sys.modules.keys()\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, timeout=60
    ).stdout
    there = json.loads(printed)
    assert there.keys() == environment().keys()
    assert there["libraries"]["numpy"]


def test_versions_are_read_again_only_after_an_installation(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    read, original = [], metadata.entry_points
    monkeypatch.setattr(
        metadata, "entry_points", lambda **group: read.append(group) or original(**group)
    )
    first = libraries()
    assert libraries() == first
    assert len(read) == 1
    info = tmp_path / "gankit_other-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gankit-other\nVersion: 2.5\n")
    (info / "entry_points.txt").write_text("[gankit]\nother = gankit_other\n")
    assert libraries() == first | {"gankit-other": "2.5"}
    assert len(read) == 2
