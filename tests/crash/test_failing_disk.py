"""After any system call that fails, a run reports the error and loses nothing."""

from __future__ import annotations

import contextlib
import errno
import io
import itertools
import os
import re
import shutil
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from gankit.cli import main
from gankit.errors import StorageError
from gankit.runs import CheckpointStore
from tests.crash import runs
from tests.crash.children import in_child
from tests.crash.repetitions import FULL, record
from tests.crash.stores import filled, state, unfinished, verified
from tests.crash.system_calls import FAILING, failing, short, struck, torn

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

STEPS = 4
SOME = 5
"""How many calls of a run are struck in `make test`, but of a new run that meets a full disk."""
FREE = r"\([0-9.]+ MB free there\); free some space, or name another folder"
REASONS = {
    "ENOSPC": f"the disk is full {FREE}",
    "EDQUOT": f"the disk quota is used up {FREE}",
    "EROFS": "the file system is read-only; choose a folder with write access",
    "EIO": "the disk reports an input or output error",
}
FAULTS = {name: failing(getattr(errno, name)) for name in REASONS} | {
    "torn": torn(errno.ENOSPC),
    "short": short,
}
SPARED = {"new": (7, 2), "resumed": (22, 16)}
"""How many calls of a run may fail without exit code 7: those that clear away, make a folder that
is there, try a damaged file or read what can be done without, such as the mark of a checkpoint that
might be pruned (0), and those that read what the run needs (4)."""
REASONS |= {"torn": REASONS["ENOSPC"], "short": None}


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """Give the test a working folder with a short run's settings, without this machine's."""
    for name in [name for name in os.environ if name.startswith("GANKIT_") and "CRASH" not in name]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("gankit.launch.resolved_plan.environment", lambda: {"libraries": {}})
    monkeypatch.chdir(tmp_path)
    runs.prepare(tmp_path)


@pytest.fixture
def whole(tmp_path):
    """Train a run without faults; return its folder. Child processes inherit its imports."""
    told = train(tmp_path / "whole")
    assert told["code"] == 0, told["err"]
    return tmp_path / "whole"


@pytest.fixture
def as_cut(tmp_path):
    """Return a run as a kill and a bad disk left it, with half of its rounds to do again.

    Its newest checkpoint is damaged, its log is longer than that, and it has a temporary folder.
    """
    cut = tmp_path / "cut"
    assert train(cut, keep=2)["code"] == 0
    damaged = cut / "checkpoints" / "000004" / "generator.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    shutil.copytree(damaged.parent, damaged.parent.with_name(".gankit-1-01234567-0.tmp"))
    with (cut / "metrics.jsonl").open("a") as log:
        log.write('{"step": 5, "discr')
    return cut


def train(out, number=0, fault=None, keep=1):
    """Train or resume; return exit code, standard error and the names of the calls."""
    words = [*runs.train(out, steps=STEPS), "--set", f"keep_checkpoints={keep}"]
    err = io.StringIO()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(err),
        struck(number, fault, FAILING) as made,
    ):
        warnings.simplefilter("default")
        try:
            main(words)
        except SystemExit as ended:
            return {"code": ended.code, "err": err.getvalue(), "made": made}


def strike_store(folder, step, kind, number):
    """Save a step while the call of that number fails; return the error or None, and the calls."""
    with struck(number, FAULTS[kind], FAILING) as made:
        try:
            CheckpointStore(folder).save(step, state(step))
        except StorageError as error:
            return str(error), made
    return None, made


@pytest.mark.parametrize("kind", FAULTS)
def test_after_any_failing_call_of_a_save_every_step_is_complete(tmp_path, kind):
    kept = filled(tmp_path / "kept", 1, 2).folder
    outcomes = Counter()
    for number in itertools.count(1):
        shutil.rmtree("store", ignore_errors=True)
        folder = shutil.copytree(kept, tmp_path / "store")
        error, made = strike_store(folder, 3, kind, number)
        if len(made) < number:
            break
        outcomes[error is None] += 1
        assert verified(CheckpointStore(folder)) in ([1, 2], [1, 2, 3])[error is None :]
        assert unfinished(folder) == []
        assert error is None or re.search(f"cannot write {folder}.*: {REASONS[kind]}$", error)
    assert outcomes == {kind == "short": number - 1}
    assert number - 1 > 20
    record("failing-disk", f"save, {kind}: {number - 1} calls failed, no step lost")


@pytest.mark.parametrize("kind", FAULTS)
def test_after_any_failing_call_of_replacing_a_step_the_others_are_complete(tmp_path, kind):
    kept = filled(tmp_path / "kept", 1, 2).folder
    (kept / "000002" / "generator.safetensors").write_bytes(b"")
    outcomes = Counter()
    for number in itertools.count(1):
        shutil.rmtree("store", ignore_errors=True)
        store = CheckpointStore(shutil.copytree(kept, tmp_path / "store"))
        error, made = strike_store(store.folder, 2, kind, number)
        if len(made) < number:
            break
        outcomes[error is None] += 1
        assert store.newest_valid().step in ((2,) if error is None else (1, 2))
        store.save(2, state(2))
        assert verified(store) == [1, 2]
    assert outcomes[False] + outcomes[True] == number - 1 > 20
    assert outcomes[False] == (0 if kind == "short" else 23), "the rest reads, or clears away"


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("begin", ["new", "resumed"])
def test_any_failing_system_call_ends_a_run_with_exit_code_7_and_it_resumes_to_the_same_bits(
    whole, as_cut, kind, begin
):
    def afresh():
        shutil.rmtree("run", ignore_errors=True)
        if begin == "resumed":
            shutil.copytree(as_cut, "run")

    afresh()
    calls = in_child(train, "run").value["made"]
    numbers, codes = range(1, len(calls) + 1), Counter()
    if not FULL and (begin, kind) != ("new", "ENOSPC"):
        numbers = np.random.default_rng([*FAULTS].index(kind)).choice(numbers, SOME, False).tolist()
    for number in numbers:
        afresh()
        told = in_child(train, "run", number, FAULTS[kind]).value
        assert len(told["made"]) >= number, "the fault happened"
        assert_told(told, kind)
        codes[told["code"]] += 1
        assert_goes_on(whole)
    spared = (len(calls), 0) if kind == "short" else SPARED[begin]
    assert codes[0] <= spared[0]
    assert codes[4] <= spared[1]
    assert codes[2] <= 1, "the settings that were named cannot be read"
    record(
        "failing-disk",
        f"train, {begin}, {kind}: {len(numbers)} of {len(calls)} calls failed, "
        f"exit code 7 after {codes[7]}, 4 after {codes[4]}, 0 after {codes[0]}; "
        "all resumed to the same bits",
    )


def assert_told(ended, kind):
    """Fail unless a run succeeded, or ended with the exit code and error of the failing call."""
    last = ended["err"].splitlines()[-1]
    match ended["code"]:
        case 7:
            assert re.search(rf"cannot write run\b.*: {REASONS[kind]}$", last), ended["err"]
        case 4:
            unread = r"cannot read run/(metrics|config|checkpoints/)|no checkpoint in run is valid"
            assert re.search(unread, last), last
        case 2:
            assert re.search(r"cannot read .*run\.toml", last), last
        case code:
            assert code == 0, ended["err"]
    assert "Traceback" not in ended["err"]


def assert_goes_on(whole):
    """Fail unless the run resumes to the bits of the complete run and removes unfinished files."""
    resumed = in_child(train, "run").value
    assert resumed["code"] == 0, resumed["err"]
    skipped = [line for line in resumed["err"].splitlines() if "skipped" in line]
    assert all("000004" in line for line in skipped)
    runs.assert_same("run", whole)
    assert list(Path("run").rglob(".gankit-*")) == []
