"""The script that changes `gankit.functional` works, and its survivors exist."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from tests.mutants import survivors
from tests.mutants.__main__ import MODULES
from tests.mutants.changes import Source
from tests.mutants.running import child
from tests.paths import ROOT

KEYS = [m.key for name in MODULES for m in Source(f"gankit.{name}").mutants()]


def test_each_survivor_is_a_mutant_of_todays_source_and_has_a_reason():
    assert survivors.SURVIVORS.keys() - set(KEYS) == set(), "the line has changed: run the script"
    assert all(survivors.SURVIVORS.values())


def test_keys_are_unique():
    assert len(set(KEYS)) == len(KEYS) > 900


def test_a_change_is_a_deletion_a_negation_another_operator_or_a_swap():
    def relu(change):
        return f"defaults.relu: return xp.where(x > 0, x, xp.zeros_like(x)): {change}"

    def halves(change):
        return f"operations.Operations.halves: return x[:count], x[count:]: {change}"

    assert [key for key in KEYS if key.startswith("defaults.relu:")] == [
        relu("the statement is deleted"),
        relu("the value is negated"),
        relu("Gt becomes LtE"),
        relu("0 becomes 1"),
    ]
    assert halves("values 1 and 2 are swapped") in KEYS


def test_an_applied_change_is_executed():
    """In a separate process: the module stays changed."""
    program = """
from gankit.functional.operations import Operations
from tests.mutants.changes import Source
from tests.mutants.running import child

swaps = (m for m in Source("gankit.functional.operations").mutants() if "swapped" in m.key)
(swap,) = (m for m in swaps if "halves" in m.key)
import numpy as np
before = Operations.halves(None, np.arange(2))
swap.apply()
after = Operations.halves(None, np.arange(2))
print([int(x[0]) for x in (*before, *after)])
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.strip() == "[0, 1, 1, 0]", done.stderr


@pytest.fixture
def script(tmp_path):
    """Return a function that runs the script on some mutants; it returns the ended process."""

    def run(*arguments):
        command = [sys.executable, "-m", "tests.mutants", f"--results={tmp_path / 'r.jsonl'}"]
        return subprocess.run(
            [*command, "--tests", "tests/functional/test_defaults.py", *arguments],
            cwd=ROOT,
            env=os.environ | {"GANKIT_TEST_BACKENDS": "numpy"},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run


@pytest.mark.slow
def test_the_script_names_the_test_that_caught_a_mutant_and_continues_its_file(script, tmp_path):
    done = script("functional.defaults", "--only", "defaults.upsample: n, height")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "caught by test_defaults.py::test_an_upsampling_and_an_average_are_the_references" in (
        done.stdout
    )
    assert "1 mutants: 1 caught, 0 survived, 0 died; 0 to look at" in done.stdout
    ((key, _, kind, _, seconds),) = map(
        json.loads, (tmp_path / "r.jsonl").read_text("utf-8").splitlines()
    )
    assert (key in KEYS, kind, seconds > 0) == (True, "caught", True)
    again = script("functional.defaults", "--only", "defaults.upsample: n, height")
    assert again.stdout.count("\n") == 1, "it ran again"


@pytest.mark.slow
def test_the_script_reports_a_survivor_without_a_reason(script):
    """No test of the defaults calls this function, so each of its mutants survives."""
    done = script("functional.normalize", "--only", "normalize._unit: length")
    assert done.returncode == 1
    assert "survived: NO REASON" in done.stdout
    assert "0 caught, 2 survived, 0 died; 2 to look at" in done.stdout


def test_a_process_that_ends_or_hangs_is_told_from_a_failed_test():
    with pytest.raises(ChildProcessError, match="exit status 3"):
        child(lambda: os._exit(3), 60)
    with pytest.raises(ChildProcessError, match="ZeroDivisionError"):
        child(lambda: str(1 / 0), 60)
    with pytest.raises(ChildProcessError, match=r"still running after 0\.2 s"):
        child(lambda: time.sleep(60), 0.2)
    assert child(lambda: "caught it", 60) == "caught it"
