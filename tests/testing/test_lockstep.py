"""The contract in lockstep stops at the first clause that fails, or ends differently."""

from __future__ import annotations

import sys
import time

import pytest

from tests.paths import ROOT
from tests.waiting import ran

pytestmark = pytest.mark.usefixtures("wrong_backends_as_plugin")


def lockstep(*words):
    """Run the clauses that the words select in two processes; return how they ended."""
    return ran([sys.executable, "-m", "tests.lockstep", "2", *words], "lockstep", 240, cwd=ROOT)


def test_the_first_process_alone_prints_what_passed():
    ended = lockstep("correct", "-k", "counts_steps or average_starts")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    assert "2 passed, " in ended.stdout
    assert ended.stdout.count("passed") == 1


def test_a_failure_of_another_process_is_shown():
    ended = lockstep("rounds", "-k", "state_contains_the_weights or test_same_seed_same_run")
    assert ended.returncode == 1
    assert "another process ended during test_state_contains_the_weights" in ended.stdout
    first, others = ended.stdout.split("the output of process 2 of 2:")
    assert "bits differ" not in first
    assert "bits differ" in others
    assert "1 failed" in others


def test_a_clause_that_ends_differently_is_a_failure():
    ended = lockstep("lacks-blocks", "-k", "accepts_scaled_images")
    assert ended.returncode == 1
    assert (
        "test_a_block_accepts_scaled_images ended differently: passed in process 1 of 2, skipped "
        "in process 2 of 2"
    ) in ended.stdout


def test_a_process_that_dies_ends_the_others():
    ended = lockstep("ends", "-k", "counts_steps")
    assert ended.returncode == 3
    assert "another process ended during test_counts_steps_and_updates" in ended.stdout


def test_a_process_that_waits_is_ended():
    began = time.monotonic()
    ended = lockstep("waits", "-k", "counts_steps", "--timeout=6")
    assert ended.returncode == 1
    assert time.monotonic() - began < 60
    assert "time.sleep(600)" in ended.stdout
