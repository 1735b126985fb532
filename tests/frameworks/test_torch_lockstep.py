"""The contract of torch holds in two processes that train together."""

from __future__ import annotations

import re
import sys

import pytest

from tests.paths import ROOT
from tests.selection import selected
from tests.waiting import ran

if not selected("torch"):
    pytest.skip("torch is not among the backends under test", allow_module_level=True)


def test_every_clause_holds_in_two_processes():
    words = [sys.executable, "-m", "tests.lockstep", "2", "torch"]
    ended = ran(words, "the contract in lockstep", 280, cwd=ROOT)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    passed = re.search(r"(\d+) passed", ended.stdout)
    assert passed
    assert int(passed[1]) > 200
