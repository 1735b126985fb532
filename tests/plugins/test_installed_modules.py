"""A framework that is missing or too old is found without importing it."""

from __future__ import annotations

import tomllib

import pytest

from gankit import plugins
from gankit.errors import BackendUnavailable
from gankit.launch.backends import choose_backend
from gankit.plugins.installed_modules import missing
from tests.paths import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]
OLDER = {"torch": "2.8.0", "keras": "3.9.2", "tensorflow": "2.18.1"}


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a module which cannot be imported, in some version."""
    monkeypatch.syspath_prepend(tmp_path)

    def run(name, version, requirement=""):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('imported')", "utf-8")
        info = tmp_path / f"{name}-{version}.dist-info"
        info.mkdir()
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        text += f"Requires-Dist: {requirement}\n" if requirement else ""
        (info / "METADATA").write_text(text, "utf-8")

    return run


def bound(name):
    lines = [line for extra in EXTRAS.values() for line in extra if line.startswith(f"{name}>=")]
    return min(line.partition(">=")[2].partition(";")[0].strip() for line in lines)


@pytest.mark.parametrize("name", OLDER)
@pytest.mark.parametrize("suffix", ["", "+cpu", ".post1"])
def test_the_oldest_version_is_taken(name, suffix, install):
    install(name, f"{bound(name)}{suffix}")
    assert missing([name], "gankit") == []


@pytest.mark.parametrize(("name", "version"), [*OLDER.items(), ("torch", "2.9.0+cu128")])
def test_an_older_version_is_named_with_the_oldest(name, version, install):
    install(name, version)
    assert missing([name], "gankit") == [f"{name}>={bound(name)} instead of {version}"]


def test_any_version_is_taken_without_a_bound(install):
    install("torch", "0.1")
    install("library", "0.1")
    assert missing(["torch"]) == []
    assert missing(["torch"], "a package that is not installed") == []
    assert missing(["library"], "gankit") == []


@pytest.mark.parametrize(
    "requirement",
    ["my_lib>=2", "my-lib<3,>=2.0", "My.Lib[x] >= 2.0.0; python_version < '4'", "my-lib (>=2.0)"],
)
def test_a_lower_bound_is_found_in_any_form(requirement, install):
    install("plugin", "1", requirement)
    install("my_lib", "1.9.9")
    (fault,) = missing(["my_lib"], "plugin")
    assert fault.startswith("my_lib>=2")
    assert fault.endswith(" instead of 1.9.9")


@pytest.mark.parametrize("requirement", ["my_lib", "my-lib<3", "my-lib-extra>=2", "other>=2"])
def test_another_requirement_is_no_lower_bound(requirement, install):
    install("plugin", "1", requirement)
    install("my_lib", "1.9.9")
    assert missing(["my_lib"], "plugin") == []


@pytest.mark.parametrize("version", ["2", "2.0", "2.0.0rc1", "2.0+cu128", "10"])
def test_a_version_is_compared_by_its_numbers(version, install):
    install("plugin", "1", "my_lib>=2.0.0")
    install("my_lib", version)
    assert missing(["my_lib"], "plugin") == []


def test_a_module_that_is_not_installed_is_named():
    assert missing(["json", "no_such_module"], "gankit") == ["no_such_module"]


def test_a_backend_that_is_too_old_is_refused_listed_and_never_chosen(install, command):
    for name, version in OLDER.items():
        install(name, version)
    with pytest.raises(
        BackendUnavailable, match=r"'torch' needs torch>=.* instead of 2\.8\.0; pip"
    ):
        plugins.get_backend("torch")
    told = []
    assert choose_backend("auto", told.append).name == "numpy"
    (line,) = told
    assert "backend numpy, the first installed of torch, keras, numpy; torch needs torch>=" in line
    assert "keras needs keras>=" in line
    ready = [line for line in command("backends").out.splitlines() if "instead of" in line]
    assert [line.split()[0] for line in ready] == ["keras", "torch"]
