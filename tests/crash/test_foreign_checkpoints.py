"""Checkpoints of another run, copied into a run's folder before and after its own."""

from __future__ import annotations

import contextlib
import shutil
import warnings
from pathlib import Path

import pytest

from gankit.cli import main
from gankit.runs import CheckpointStore, RunFolder
from tests.crash import runs
from tests.crash.children import in_child
from tests.crash.repetitions import record, short_or_full

STOPS = short_or_full([5], range(1, runs.STEPS))


def trained(out, steps, *more):
    warnings.simplefilter("ignore")  # Each skipped checkpoint causes a warning.
    try:
        main([*runs.train(out, steps=steps), *more])
    except SystemExit as ended:
        return ended.code


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a folder with an undisturbed run, and another run with every checkpoint."""
    place = tmp_path_factory.mktemp("made")
    runs.prepare(place)
    every = ("--seed", "9", "--set", "checkpoint_every=1", "--set", "keep_checkpoints=99")
    with contextlib.chdir(place):
        assert in_child(trained, "whole", runs.STEPS).value == 0
        assert in_child(trained, "other", runs.STEPS + 5, *every).value == 0
    return place


@pytest.mark.parametrize("stop", STOPS)
def test_a_run_with_checkpoints_of_another_run_ends_with_the_same_bits(
    tmp_path, monkeypatch, made, stop
):
    monkeypatch.chdir(tmp_path)
    runs.prepare(tmp_path)
    assert in_child(trained, "run", stop).value == 0
    own, theirs = RunFolder("run").checkpoints, CheckpointStore(made / "other" / "checkpoints")
    before = own.steps()
    for step in set(theirs.steps()) - set(before):
        shutil.copytree(theirs.path(step), own.path(step))
    assert own.steps() == before
    assert in_child(trained, "run", runs.STEPS).value == 0
    runs.assert_same("run", made / "whole")
    kept = RunFolder("run").checkpoints.steps()
    assert len(kept) == 3, "its own newest checkpoints remain"
    left = len(list(Path("run", "checkpoints").iterdir())) - len(kept)
    assert left >= 5, "those of the other run are left alone"
    record(
        "foreign",
        f"{len(STOPS)} stops of a run among checkpoints of another: the same bits, "
        "and its own newest checkpoints remain",
    )
