"""The supported versions, the nox sessions and docs/support.md agree."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

from tests.docs.tables import table
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "support.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
CLAIMED = [*PROJECT["dependencies"], *EXTRAS["torch"], *EXTRAS["keras"], *EXTRAS["testing"]]
CONSTRAINTS = (ROOT / "constraints.txt").read_text("utf-8")
NEWEST = {
    name.lower().replace("_", "-"): version
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", CONSTRAINTS, re.MULTILINE)
}


class Nox:
    """A minimal replacement of nox that records the sessions of noxfile.py."""

    Session = object

    def __init__(self, pythons):
        self.sessions, self.options = [], SimpleNamespace()
        self.project = SimpleNamespace(
            load_toml=lambda _: {"project": PROJECT}, python_versions=lambda _: pythons
        )

    def parametrize(self, name, values):
        def note(function):
            function.cases = [f"({name}={value!r})" for value in values]
            return function

        return note

    def session(self, python):
        def note(function):
            self.sessions += [
                f"{function.__name__}-{version}{case}"
                for version in python
                for case in getattr(function, "cases", [""])
            ]
            return function

        return note


def pythons():
    return [
        version[1]
        for line in PROJECT["classifiers"]
        if (version := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line))
    ]


@pytest.fixture
def noxfile(monkeypatch):
    """Return noxfile.py as a module, and its sessions."""
    nox = Nox(pythons())
    monkeypatch.setitem(sys.modules, "nox", nox)
    spec = importlib.util.spec_from_file_location("noxfile", ROOT / "noxfile.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return SimpleNamespace(module=module, sessions=nox.sessions)


def oldest(name, python):
    """Return the lower bound that `pyproject.toml` gives a library on a Python."""
    for requirement in map(Requirement, CLAIMED):
        marker = requirement.marker
        if requirement.name == name and (not marker or marker.evaluate({"python_version": python})):
            return str(requirement.specifier).removeprefix(">=")
    raise AssertionError(f"pyproject.toml does not ask for {name} on {python}")


def same(one, other):
    """Return whether two versions are equal, such as 2.0 and 2.0.0."""
    return re.sub(r"(\.0)+$", "", one) == re.sub(r"(\.0)+$", "", other)


def test_the_lowest_tested_python_is_the_first_supported_one():
    assert PROJECT["requires-python"] == f">={pythons()[0]}"


def test_the_table_lists_exactly_the_nox_sessions(noxfile):
    assert [row[0].strip("`") for row in table(PAGE, "session")] == noxfile.sessions


@pytest.mark.parametrize("row", table(PAGE, "session"), ids=lambda row: row[0].strip("`"))
def test_a_row_has_the_versions_that_its_session_installs(row):
    session, numpy, framework, passed, _ = row
    python, age = re.search(r"3\.\d+", session)[0], "oldest" if "oldest" in session else "newest"
    shown = dict([("numpy", numpy), *(word.split() for word in framework.split(", ") if word)])
    for name, version in shown.items():
        library = name.removesuffix("-cpu")
        wanted = oldest(library, python) if age == "oldest" else NEWEST[name]
        assert same(version, wanted), name
    assert int(passed) > 100


def test_the_table_of_libraries_equals_pyproject_and_constraints():
    rows = table(PAGE, "library")
    assert [row[0] for row in rows] == list(
        dict.fromkeys(
            Requirement(line).name.replace("tensorflow", "tensorflow-cpu") for line in CLAIMED
        )
    )
    for name, low, high in rows:
        assert low == oldest(name.removesuffix("-cpu"), pythons()[0]), name
        assert high == NEWEST[name], name


@pytest.mark.parametrize("line", CLAIMED)
def test_development_versions_are_in_the_supported_range(line):
    requirement = Requirement(line)
    pinned = NEWEST.get(requirement.name) or NEWEST[f"{requirement.name}-cpu"]
    assert requirement.specifier.contains(pinned)


def test_the_oldest_session_installs_exactly_the_lower_bounds(noxfile):
    pinned = [Requirement(line) for line in noxfile.module.oldest(PROJECT)]
    for requirement in pinned:
        (only,) = requirement.specifier
        assert only.operator == "==", requirement
    assert [(r.name.removesuffix("-cpu"), r.marker) for r in pinned] == [
        (r.name, r.marker) for r in map(Requirement, CLAIMED)
    ]
