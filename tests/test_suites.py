"""`make test` runs every file of tests."""

from __future__ import annotations

import ast
import os
import sys
import tomllib
from pathlib import Path

import pytest

from tests import run
from tests.marks import PLACES
from tests.passed_before import KNOWN, NOTED
from tests.paths import ROOT, TESTS
from tests.run import suites
from tests.waiting import ran

BACKENDS = ["numpy", "torch", "keras", "jax"]


def collected(arguments):
    """Return the files that pytest collects for these arguments."""
    left_out = [TESTS.parent / a.removeprefix("--ignore=") for a in arguments if "--ignore" in a]
    given = [TESTS.parent / a for a in arguments if a.startswith("tests")]
    files = {f for path in given for f in ([path] if path.is_file() else path.rglob("test_*.py"))}
    return {f for f in files if not any(out == f or out in f.parents for out in left_out)}


def test_every_file_of_tests_belongs_to_a_suite():
    found = set().union(*(collected(arguments) for _, arguments, _ in suites(BACKENDS)))
    assert found == set(TESTS.rglob("test_*.py"))


def test_a_file_outside_every_suite_is_detected():
    (slow,) = (arguments for name, arguments, _ in suites(BACKENDS) if name == "slow")
    assert Path(TESTS / "frameworks" / "test_torch_graphs.py") not in collected(slow)


def test_two_suites_share_the_tests_of_the_core_and_the_quick_one_has_a_floor_of_coverage():
    (quick,) = (arguments for name, arguments, _ in suites(BACKENDS) if name == "quick")
    (slow,) = (arguments for name, arguments, _ in suites(BACKENDS) if name == "slow")
    assert "not slow" in quick
    assert "slow" in slow
    assert collected(quick) == collected(slow)
    assert "--cov" in quick
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert settings["tool"]["coverage"]["report"]["fail_under"] >= 73


WITHOUT_END = {"benchmarks/", "run.py"}
"""What runs whole suites, and measures, as long as that takes."""


def unlimited(source):
    """Return the lines that wait for a process without a timeout."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name("subprocess"), attr="run" | "check_output"),
                keywords=words,
            ) if not {word.arg for word in words} & {"timeout", None}:
                yield node.lineno
            case ast.Call(func=ast.Attribute(attr="communicate" | "wait"), args=[], keywords=[]):
                yield node.lineno


def test_no_test_waits_for_a_process_without_a_timeout():
    sources = {path.relative_to(TESTS).as_posix(): path for path in TESTS.rglob("*.py")}
    found = [
        f"{name}:{line}"
        for name, path in sorted(sources.items())
        if not name.startswith(tuple(WITHOUT_END))
        for line in unlimited(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("subprocess.run(x)", 1),
        ("subprocess.run(x, timeout=9)", 0),
        ("subprocess.run(x, **y)", 0),
        ("p.wait()", 1),
        ("p.wait(9)", 0),
        ("p.communicate()", 1),
        ("p.communicate(timeout=9)", 0),
    ],
)
def test_a_wait_without_a_timeout_is_detected(source, count):
    assert len(list(unlimited(source))) == count


TWO_SUITES = """
import os
import pytest

def test_of_the_first():
    pass

@pytest.mark.parametrize("backend", os.environ["CHOSEN"].split(","))
def test_of_a_backend(backend):
    pass

@pytest.mark.skipif("torch" not in os.environ["CHOSEN"], reason="torch is not among them")
def test_of_torch():
    pass
"""


def test_a_later_suite_runs_the_tests_that_did_not_pass_earlier(tmp_path):
    (tmp_path / "test_inner.py").write_text(TWO_SUITES, "utf-8")
    (tmp_path / "passed").touch()

    def last_line(chosen, told, *options):
        others = {name: value for name, value in os.environ.items() if name not in (NOTED, KNOWN)}
        done = ran(
            [sys.executable, "-m", "pytest", "-q", "-p", "tests.passed_before", *options],
            "the inner tests",
            240,
            cwd=tmp_path,
            env=others | {"PYTHONPATH": str(TESTS.parent), "CHOSEN": chosen, told: "passed"},
        )
        return done.stdout.splitlines()[-1]

    assert last_line("numpy", NOTED, "-n", "1").startswith("2 passed, 1 skipped in ")
    assert last_line("numpy,torch", KNOWN).startswith("2 passed, 2 deselected in ")


WAITING = """
import time
from pathlib import Path

def test_that_meets_another():
    mine, others = Path("{folder}/{name}"), Path("{folder}/{other}")
    mine.touch()
    end = time.monotonic() + 60
    while not others.exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert others.exists()
    Path("{folder}/ended").open("a").write("{name} ")
"""


def test_two_suites_run_at_once_and_one_waits_for_the_others(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(run.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(run, "ROOT", tmp_path)
    chosen = []
    for name, other in [("quick", "slow"), ("slow", "quick"), ("together", "together")]:
        text = WAITING.format(folder=tmp_path, name=name, other=other)
        (tmp_path / f"test_{name}.py").write_text(text, "utf-8")
        chosen.append((name, [f"test_{name}.py"], {"PYTHONPATH": str(TESTS.parent)}))
    assert run._at_once(chosen) == ([(1, 0, 0)] * 3, [])
    assert (tmp_path / "ended").read_text().split()[2:] == ["together"]
    lines = capsys.readouterr().out.splitlines()
    assert {line.partition(": ")[0] for line in lines} == {"quick", "slow", "together"}


def test_torch_and_keras_have_threads_and_the_other_suites_one_each(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "ROOT", tmp_path)
    for name in run.ONE_THREAD:
        monkeypatch.delenv(name, raising=False)
    text = "import os\ndef test_one(): assert os.environ.get('OPENBLAS_NUM_THREADS') == '1'\n"
    (tmp_path / "test_inner.py").write_text(text, "utf-8")
    chosen = [(name, ["test_inner.py"], {}) for name in ("quick", "torch", "keras on torch")]
    results, failures = run._at_once(chosen)
    assert results == [(1, 0, 0), (0, 1, 0), (1, 0, 0)]
    [failure] = failures
    assert failure.startswith("torch: FAILED test_inner.py::test_one - AssertionError")


DIED = [("quick", 3), ("slow", 5)]


def test_a_suite_that_dies_or_collects_nothing_has_failed(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "ROOT", tmp_path)
    (tmp_path / "test_inner.py").write_text("import os\ndef test_end(): os._exit(3)\n", "utf-8")
    chosen = [("quick", ["test_inner.py"], {}), ("slow", ["test_inner.py", "-k", "none"], {})]
    results, failures = run._at_once(chosen)
    assert results == [(0, 1, 0)] * 2
    assert sorted(failures) == [f"{n}: ended with the exit status {s}\n" for n, s in DIED]


def test_plain_pytest_leaves_out_slow_tests_and_a_named_file_runs_all(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = .\nmarkers = slow\n", "utf-8")
    (tmp_path / "test_inner.py").write_text(
        "import pytest\n@pytest.mark.slow\ndef test_slow(): pass\ndef test_quick(): pass\n", "utf-8"
    )

    def last_line(*arguments):
        words = [sys.executable, "-m", "pytest", "-q", "-p", "tests.marks", *arguments]
        environment = os.environ | {"PYTHONPATH": str(TESTS.parent)}
        return ran(
            words, "the inner tests", 240, cwd=tmp_path, env=environment
        ).stdout.splitlines()[-1]

    assert last_line().startswith("1 passed, 1 deselected in ")
    assert last_line("-n", "1").startswith("1 passed in ")
    assert last_line("test_inner.py").startswith("2 passed in ")
    assert last_line("-m", "slow").startswith("1 passed, 1 deselected in ")


def test_every_file_and_folder_with_a_mark_exists():
    assert all((TESTS / name).exists() for names in PLACES.values() for name in names)
