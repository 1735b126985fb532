"""The level of each clause: marked at the clause, used by the check and by pytest's -k."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gankit.testing import BackendContract, levels
from gankit.testing.level_marks import level

TESTS = """
import gankit
import pytest
from gankit.testing import BackendContract


class TestMine(BackendContract):
    @pytest.fixture
    def backend(self):
        return gankit.get_backend("numpy")
"""


def test_every_clause_has_a_level():
    names = {name for name in dir(BackendContract) if name.startswith("test_")}
    assert set(levels.clauses()) == names
    assert {clause.level for clause in levels.clauses().values()} == set(levels.LEVELS)


def test_a_clause_without_a_level_is_refused():
    class Clauses:
        @level("resume")
        def test_marked(self):
            """Marked."""

        def test_unmarked(self):
            """Not marked."""

    with pytest.raises(LookupError, match=r"level of test_unmarked: got ''; expected one of proto"):
        list(levels.clauses_of(Clauses))
    found = dict(levels.clauses_of(level("numerics")(Clauses)))
    assert found["test_marked"].level == "resume"
    assert found["test_unmarked"].level == "numerics"


def test_pytest_selects_a_level_in_another_project(tmp_path):
    (tmp_path / "test_mine.py").write_text(TESTS, "utf-8")
    options = "--collect-only -q -p no:cacheprovider --strict-markers -W error -k resume"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    collected = [line for line in done.stdout.splitlines() if "::" in line]
    found = {line.rpartition("::")[2].partition("[")[0] for line in collected}
    known = levels.clauses()
    assert found == {name for name in known if known[name].level == "resume"}


@pytest.mark.parametrize("name", levels.LEVELS)
def test_no_other_clause_is_named_like_a_level(name):
    found = {clause.name: clause.level for clause in levels.clauses().values()}
    assert {where for clause, where in found.items() if name in clause} <= {name}
