"""A framework that is too old is refused in one line, by the bounds of the package."""

from __future__ import annotations

import tomllib
from types import ModuleType

import pytest

from gankit.contract import check_version
from gankit.errors import BackendUnavailable
from tests.paths import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]


def framework(name, version):
    module = ModuleType(name)
    module.__version__ = version
    return module


def bound(name):
    (first, *_) = (line for extra in EXTRAS.values() for line in extra if line.startswith(name))
    return first.partition(">=")[2].partition(";")[0].strip()


@pytest.mark.parametrize("name", ["torch>", "keras>", "tensorflow>"])
def test_the_oldest_version_and_newer_ones_are_taken(name):
    oldest, name = bound(name), name.removesuffix(">")
    for version in (oldest, f"{oldest}+cpu", "99.0"):
        check_version(framework(name, version), "gankit")


@pytest.mark.parametrize(
    ("name", "version"),
    [("torch", "2.8.0"), ("torch", "2.9.0+cu128"), ("keras", "3.9.2"), ("tensorflow", "2.18.1")],
)
def test_an_older_version_is_refused_with_the_remedy(name, version):
    expected = f"got {name} {version}; expected .* or newer; pip install --upgrade {name}"
    with pytest.raises(BackendUnavailable, match=expected.replace("+", r"\+")):
        check_version(framework(name, version), "gankit")


def test_a_library_without_a_bound_is_taken():
    check_version(framework("other", "0.1"), "gankit")
    check_version(framework("torch", "0.1"), "a package that is not installed")
