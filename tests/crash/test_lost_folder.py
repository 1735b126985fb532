"""A run's folder that is moved, removed or replaced in any phase: exit code 7, nothing lost."""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path

import pytest

from gankit.cli import main
from tests.crash import phases, runs
from tests.crash.children import in_child
from tests.crash.repetitions import record, short_or_full
from tests.crash.stores import contents

PHASES = [phase for phase in phases.PHASES if phase not in {"data", "building"}]
"""Those in which a run has its folder."""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Give the test a folder with a run to start."""
    monkeypatch.chdir(tmp_path)
    runs.prepare(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of a run without faults."""
    place = tmp_path_factory.mktemp("whole")
    runs.prepare(place)
    with contextlib.chdir(place):
        assert in_child(trained, "run").value["code"] == 0
    return place / "run"


def trained(out, phase=None, strike=None):
    """Train with a fault in a phase; return exit code and messages."""
    if phase:
        phases.strike_at(phase, strike)
    err = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(err):
        try:
            main(runs.train(out))
        except SystemExit as ended:
            return {"code": ended.code, "err": err.getvalue()}


def move():
    Path("run").rename("moved")


def replace():
    move()
    Path("run").mkdir()
    Path("run", "of another").write_text("")


def remove():
    shutil.rmtree("run")


@pytest.mark.parametrize("phase", PHASES if short_or_full(False, True) else ["first block", "save"])
@pytest.mark.parametrize("strike", [move, replace])
def test_a_run_whose_folder_is_moved_resumes_in_the_new_place(place, whole, phase, strike):
    told = in_child(trained, "run", phase, strike).value
    assert told["code"] == 7, told["err"]
    last = told["err"].splitlines()[-1]
    assert f"run was moved to {place / 'moved'}" in last
    assert contents("run") == ({"of another": b""} if strike is replace else {})
    newest = runs.newest("moved")
    assert newest is None or str(newest.path) in last
    assert in_child(trained, "moved").value["code"] == 0
    runs.assert_same("moved", whole)
    record(
        "lost-folder",
        "moved, or another in its place, in any phase: exit code 7, the new place "
        "named, resumed there to the same bits",
    )


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("phase", PHASES if short_or_full(False, True) else ["picture"])
def test_a_run_whose_folder_is_removed_ends_and_makes_no_folder(phase):
    told = in_child(trained, "run", phase, remove).value
    assert told["code"] == 7, told["err"]
    assert "run was removed" in told["err"].splitlines()[-1]
    assert not Path("run").exists()
    record("lost-folder", "removed in any phase: exit code 7, nothing created there")
