"""`make test` runs every file of tests."""

from __future__ import annotations

from pathlib import Path

from tests.run import TESTS, suites

BACKENDS = ["numpy", "torch", "keras", "jax"]


def collected(arguments):
    """Return the files that pytest collects for these arguments."""
    left_out = [TESTS.parent / a.removeprefix("--ignore=") for a in arguments if "--ignore" in a]
    given = [TESTS.parent / a for a in arguments if a.startswith("tests")]
    files = {f for path in given for f in ([path] if path.is_file() else path.rglob("test_*.py"))}
    return {f for f in files if not any(out == f or out in f.parents for out in left_out)}


def test_every_file_of_tests_belongs_to_a_suite():
    ran = set().union(*(collected(arguments) for _, arguments, _ in suites(BACKENDS)))
    assert ran == set(TESTS.rglob("test_*.py"))


def test_a_file_that_no_suite_runs_would_be_noticed():
    (core,) = (arguments for name, arguments, _ in suites(BACKENDS) if name == "core")
    assert Path(TESTS / "frameworks" / "test_torch_graphs.py") not in collected(core)
