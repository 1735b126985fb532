"""The command on an empty machine, for every test that uses gankit as a person does.

Fixtures import gankit, and not this file: the coverage of what is imported with it is not measured.
"""

from __future__ import annotations

import functools
import os
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.signals import take_back

pytest_plugins = ["tests.passed_before", "tests.child_cleanup", "tests.marks"]
take_back()


class Ended(NamedTuple):
    """An ended command: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def last(self):
        """The last line of standard error."""
        return self.err.splitlines()[-1]


@pytest.fixture(autouse=True)
def quick_sync(monkeypatch):
    """Make sync do nothing in this process: only a power cut shows its effect, and it is slow."""
    monkeypatch.setattr(os, "fsync", lambda file: os.fstat(file) and None)


@pytest.fixture(scope="session")
def drawn_glyphs(tmp_path_factory):
    """Return the folder where all processes of the session cache the glyphs that they draw."""
    given = os.environ.get("GANKIT_TEST_GLYPHS")
    return Path(given) if given else tmp_path_factory.mktemp("glyphs")


@pytest.fixture(scope="session")
def built_docs(tmp_path_factory):
    """Return the folder of the documentation's pages, which one test or several read."""
    from importlib.util import find_spec

    from tests.paths import ROOT
    from tests.waiting import ran

    if not all(find_spec(module) for module in ("sphinx", "myst_parser", "furo")):
        pytest.skip("needs Sphinx, MyST and Furo: make docs")
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html"]
    places = ["-d", str(folder / "doctrees"), str(ROOT / "docs"), str(folder / "html")]
    done = ran([*command, *places], "Sphinx", 240)
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture
def machine(tmp_path, monkeypatch, drawn_glyphs):
    """Give the test an empty machine without a network; return its working folder.

    Its cache has a link to the glyphs that other tests drew, and nothing else.
    """
    for name in [name for name in os.environ if name.startswith("GANKIT_")]:
        monkeypatch.delenv(name)
    for name in ("home", "cache", "work"):
        (tmp_path / name).mkdir()
    (tmp_path / "cache" / "glyphs").symlink_to(drawn_glyphs, target_is_directory=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GANKIT_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GANKIT_OFFLINE", "1")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def command(capsys):
    """Return a function that runs the command with its arguments."""
    return _running(capsys)


@pytest.fixture
def command_fd(capfd):
    """Return a function like `command`, whose output includes that of child processes."""
    return _running(capfd)


def _running(captured):
    from gankit.cli import main

    def run(*arguments):
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            with pytest.raises(SystemExit) as ended:
                main([str(argument) for argument in arguments])
        return Ended(int(ended.value.code or 0), *captured.readouterr())

    return run


@pytest.fixture
def few_samples(monkeypatch):
    """Evaluate 100 images during `fit`, which has no setting for that: 10,000 take seconds."""
    from gankit.config import TrainConfig
    from gankit.launch.from_python import fit_config

    few = functools.partial(TrainConfig, evaluate_samples=100)
    monkeypatch.setattr(fit_config, "TrainConfig", few)


@pytest.fixture
def registered():
    """Return a function that registers an object until the test ends."""
    import gankit
    from gankit import plugins

    before = set(plugins.manager().get_plugins())
    yield gankit.register
    for plugin in set(plugins.manager().get_plugins()) - before:
        plugins.manager().unregister(plugin)
