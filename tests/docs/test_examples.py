"""Every plugin in docs/examples passes its own tests, installed, in a separate process."""

from __future__ import annotations

import ast
import os
import re
import shutil
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec

import pytest

from tests.paths import ROOT
from tests.waiting import ran

EXAMPLES = sorted(ROOT.glob("docs/examples/*/pyproject.toml"))
FRAMEWORKS = {"jax", "autograd"}
"""What an example's backend is made of, and called."""
CURVE = EXAMPLES[0].parents[1] / "gankit-command-curve"
BREAKAGES = {  # The file, the old text, the new text, and the expected error.
    "its module": ("gankit_curve.py", 'LEVELS = "', 'LEVELS = "_', "2 failed, 1 passed"),
    "its entry point": (
        "pyproject.toml",
        'curve = "gankit_curve"',
        'curve = "gankit_curves"',
        "No module named 'gankit_curves'",
    ),
    "its tests": ("tests/test_curve.py", "def test_", "def no_test_", "no tests ran"),
}


def named(pyproject):
    return pyproject.parent.name


def project(folder):
    return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]


def needed(folder):
    """Return the modules that an example needs."""
    return [re.match(r"[\w.]+", line)[0] for line in project(folder)["dependencies"]]


def lacking(folder):
    """Return the modules that an example needs and this run of the tests lacks."""
    return [
        module for module in needed(folder) if find_spec(module) is None or not asked_for(module)
    ]


def asked_for(module):
    """Return whether a module may be used: only those of the backends under test."""
    named = os.environ.get("GANKIT_TEST_BACKENDS")
    return not named or module not in FRAMEWORKS or module in named.split(",")


def as_installed(folder, site):
    """Return the paths that make an example importable, with its entry points, as pip does."""
    facts = project(folder)
    try:
        distribution(facts["name"])
    except PackageNotFoundError:
        info = site / f"{facts['name'].replace('-', '_')}-{facts['version']}.dist-info"
        info.mkdir(parents=True)
        head = f"Metadata-Version: 2.1\nName: {facts['name']}\nVersion: {facts['version']}\n"
        points = [f"{name} = {value}\n" for name, value in facts["entry-points"]["gankit"].items()]
        (info / "METADATA").write_text(head, "utf-8")
        (info / "entry_points.txt").write_text("".join(["[gankit]\n", *points]), "utf-8")
        return [site, folder]
    return []


def own_tests(folder, scratch, seconds=240):
    """Run an example's tests in a folder where nothing else can be imported by accident."""
    (scratch / "work").mkdir()
    paths = [*map(str, as_installed(folder, scratch / "site")), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "GANKIT_STRICT_PLUGINS": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["-p", "no:hypothesispytest"]  # Its summary imports Hypothesis, for 0.3 s.
    # As in gankit's own tests: their data sets are small on purpose.
    command += ["-W", "error", "-W", "ignore:there are only"]
    return ran(
        [*command, f"--basetemp={scratch / 'tmp'}", str(folder / "tests")],
        f"the tests of {folder.name}",
        seconds,
        cwd=scratch / "work",
        env=environment,
    )


def test_there_is_one_of_each_kind():
    kinds = {named(pyproject).split("-")[1] for pyproject in EXAMPLES}
    assert {"dataset", "loss", "callback", "command"} <= kinds


@pytest.mark.timeout(2700)
@pytest.mark.parametrize("pyproject", EXAMPLES, ids=named)
def test_an_example_passes_its_own_tests(pyproject, tmp_path):
    if missing := lacking(pyproject.parent):
        named = os.environ.get("GANKIT_TEST_BACKENDS", "").split(",")
        assert not set(missing) & set(named), "it is under test, and is not installed"
        pytest.skip(f"needs {', '.join(missing)}")
    done = own_tests(pyproject.parent, tmp_path, seconds=2600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


@pytest.mark.parametrize(("file", "right", "wrong", "said"), BREAKAGES.values(), ids=BREAKAGES)
def test_a_broken_example_fails(file, right, wrong, said, tmp_path):
    folder = shutil.copytree(CURVE, tmp_path / "gankit-command-curve")
    text = (folder / file).read_text("utf-8")
    assert right in text
    (folder / file).write_text(text.replace(right, wrong), "utf-8")
    # A copy that is found under its own name is not the one that may be installed here.
    facts = (folder / "pyproject.toml").read_text("utf-8")
    (folder / "pyproject.toml").write_text(facts.replace("gankit-command-curve", "broken"), "utf-8")
    done = own_tests(folder, tmp_path)
    assert done.returncode != 0
    assert said in done.stdout


def code_lines(path):
    """Count a source's lines without blank lines, comments and docstrings."""
    text = path.read_text("utf-8")
    said = {
        number
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for number in range(node.lineno, node.end_lineno + 1)
    }
    lines = enumerate(map(str.strip, text.splitlines()), start=1)
    return sum(bool(line) and line[0] != "#" and n not in said for n, line in lines)


@pytest.mark.parametrize(("name", "most"), [("autograd", 60), ("jax", 100)])
def test_a_backend_on_functional_is_short(name, most):
    sources = sorted(CURVE.parent.glob(f"gankit-{name}/gankit_{name}/*.py"))
    assert 0 < sum(map(code_lines, sources)) <= most
