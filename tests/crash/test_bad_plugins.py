"""Broken plugins: the command warns, and everything else works."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from gankit.errors import ExitCode
from tests.crash import commands
from tests.crash.broken_plugins import BACKENDS, GOOD, OTHERS, install
from tests.crash.children import in_child
from tests.crash.repetitions import record
from tests.paths import ROOT

TINY = """
latent = 2
steps_per_epoch = 1
[generator]
layers = [{ layer = "dense", units = 784 }, { layer = "reshape", shape = [28, 28, 1] }]
[discriminator]
layers = [{ layer = "flatten" }, { layer = "dense", units = 1 }]
"""
TRAIN = ["train", "--config", "tiny.toml", "--dataset", "mine.npy", "--steps", "1", "--batch", "2"]
LINES = {
    "help": ["--help"],
    "backends": ["backends", "--json"],
    "data": ["data", "list"],
    "train": [*TRAIN, "--backend", "numpy", "--out", "plain"],
    "asked": [*TRAIN, "--backend", "mine", "--out", "asked"],
}
WARNING = "gankit: warning: "


class Said(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def warnings(self):
        """The warnings about the broken distribution, without their prefix."""
        lines = [line for line in self.err.splitlines() if line.startswith(WARNING)]
        said = [line.removeprefix(WARNING) for line in lines]
        return [line for line in said if line.startswith("plugin ")]


@pytest.fixture
def met(machine, monkeypatch):
    """Return a function that runs every line in a child with the folder `site` on its path."""
    (machine / "tiny.toml").write_text(TINY, "utf-8")
    np.save(machine / "mine.npy", np.zeros((2, 28, 28), np.uint8))
    monkeypatch.syspath_prepend(str(machine / "site"))

    def meet():
        child = in_child(commands.say_all, list(LINES.values()))
        assert (child.signal, child.error) == (0, None)
        return said_by(child.value)

    return meet


def said_by(each):
    return dict(zip(LINES, (Said(*ended) for ended in each), strict=True))


def met_by_a_new_process(site):
    """Run every line in a new Python process."""
    path = os.pathsep.join([str(site), str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.commands", json.dumps(list(LINES.values()))],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return said_by(json.loads(done.stdout))


def check_the_rest(said):
    """Check that everything but the broken plugin works, and that the output has only results."""
    for name in ("help", "backends", "data", "train"):
        assert said[name].code == ExitCode.OK, said[name].err
    assert "Train a GAN" in said["help"].out
    assert {"numpy", "torch", "keras"} <= {row["name"] for row in json.loads(said["backends"].out)}
    assert "mnist" in said["data"].out
    assert said["train"].out == "plain\n"
    assert Path("plain/checkpoints/000001/manifest.json").is_file()


def check_warning(line, reason, distribution="acme-gan"):
    """Check that a warning names the distribution, its version, what is wrong and a remedy."""
    assert line.startswith("plugin '")
    assert f"of {distribution} 1.2 is left out: " in line
    assert reason in line
    assert line.endswith(f"; upgrade {distribution}, or uninstall it")


@pytest.mark.parametrize(("source", "reason"), BACKENDS.values(), ids=BACKENDS)
def test_a_broken_backend_gives_one_warning_and_exit_code_5_only_if_it_is_used(
    machine, met, source, reason
):
    install(machine / "site", "acme", source)
    said = met()
    check_the_rest(said)
    for name in ("backends", "train"):
        (warning,) = said[name].warnings
        check_warning(warning, reason)
    assert said["asked"].code == ExitCode.BACKEND
    assert said["asked"].out == ""
    last = said["asked"].err.splitlines()[-1]
    assert last.startswith("gankit: backend 'mine' cannot be loaded: plugin 'mine' of acme-gan 1.2")
    assert reason in last
    assert not Path("asked").exists()


@pytest.mark.parametrize("kind", ["import error", "a raising hook"])
def test_a_new_process_reports_a_broken_backend_like_a_child_process(machine, met, kind):
    install(machine / "site", "acme", BACKENDS[kind][0])
    forked = met()
    shutil.rmtree("plain")
    spawned = met_by_a_new_process(machine / "site")
    check_the_rest(spawned)
    for name in ("help", "backends", "data", "asked"):
        assert spawned[name] == forked[name]
    assert spawned["train"].warnings == forked["train"].warnings


@pytest.mark.parametrize(("source", "reason"), OTHERS.values(), ids=OTHERS)
def test_another_broken_hook_gives_one_warning_when_it_is_called(machine, met, source, reason):
    install(machine / "site", "acme", source)
    said = met()
    check_the_rest(said)
    warned = {warning for each in said.values() for warning in each.warnings}
    assert len(warned) == 1
    check_warning(warned.pop(), reason)
    assert all(len(each.warnings) <= 1 for each in said.values())
    assert said["asked"].code == ExitCode.USAGE
    assert "unknown backend 'mine'" in said["asked"].err


@pytest.mark.parametrize("attribute", [":nothing", ".nothing"])
def test_an_entry_point_to_nothing_gives_one_warning(machine, met, attribute):
    install(machine / "site", "acme", GOOD, attribute=attribute)
    said = met()
    check_the_rest(said)
    check_warning(*said["train"].warnings, "nothing")
    assert said["asked"].code == ExitCode.BACKEND


def test_of_two_distributions_with_one_name_the_second_gives_one_warning(machine, met):
    install(machine / "site", "acme", GOOD)
    install(machine / "site", "zeta", GOOD.replace('"mine"', '"other"'), distribution="zeta-gan")
    said = met()
    check_the_rest(said)
    check_warning(*said["train"].warnings, "the name of plugin 'mine' of acme-gan 1.2", "zeta-gan")
    assert said["asked"].code == ExitCode.OK


def test_a_backend_with_the_name_of_ours_gives_one_warning_and_ours_trains(machine, met):
    source = GOOD.replace('"mine"', '"numpy"').replace(
        "build(problem):", "build(problem):\n    1 / 0"
    )
    install(machine / "site", "acme", source)
    said = met()
    check_the_rest(said)
    check_warning(*said["train"].warnings, "got 'numpy', the name of another backend")
    assert said["asked"].code == ExitCode.USAGE


@pytest.mark.parametrize("missing", ["no_such_framework", "no.such.framework"])
def test_a_missing_framework_and_its_remedy_are_printed_only_on_use(machine, met, missing):
    remedy = "pip install acme-gan[all]"
    source = GOOD.replace("(), build", f"({missing!r},), build")
    install(machine / "site", "acme", source.replace("api=1", f"api=1, remedy={remedy!r}"))
    said = met()
    check_the_rest(said)
    assert [each.warnings for each in said.values()] == [[]] * len(said)
    assert said["asked"].code == ExitCode.BACKEND
    assert said["asked"].err == f"gankit: backend 'mine' needs {missing}; {remedy}\n"


@pytest.mark.parametrize(
    "wrong", ["import no_such_module", "raise OSError('no device')", "raise SystemExit(0)"]
)
def test_a_backend_whose_library_is_broken_ends_with_exit_code_5(machine, met, wrong):
    install(
        machine / "site", "acme", GOOD.replace("build(problem):", f"build(problem):\n    {wrong}")
    )
    said = met()
    check_the_rest(said)
    assert [each.warnings for each in said.values()] == [[]] * len(said)
    assert said["asked"].code == ExitCode.BACKEND, said["asked"].err
    assert said["asked"].err.splitlines()[-1].startswith("gankit: backend 'mine' cannot be built: ")
    assert not Path("asked").exists()


def test_an_error_in_a_plugins_build_is_raised_unchanged(machine, met):
    install(machine / "site", "acme", GOOD.replace("build(problem):", "build(problem):\n    1 / 0"))
    said = met()
    check_the_rest(said)
    assert said["asked"].code == ExitCode.UNEXPECTED
    assert said["asked"].err.splitlines()[-1].startswith("gankit: ZeroDivisionError: ")
    assert not Path("asked").exists()


def test_printed_text_of_a_plugin_is_not_in_the_output(machine, met):
    chatty = "print('hello from acme')\n" + GOOD.replace(
        "    return [", "    print('hi')\n    return ["
    )
    install(machine / "site", "acme", chatty)
    said = met()
    check_the_rest(said)
    assert "hello from acme" in said["help"].err + said["backends"].err
    assert (said["asked"].code, said["asked"].out) == (ExitCode.OK, "asked\n")


def test_a_good_plugin_gives_no_warning_and_trains(machine, met):
    install(machine / "site", "acme", GOOD)
    said = met()
    check_the_rest(said)
    assert [each.warnings for each in said.values()] == [[]] * len(said)
    assert (said["asked"].code, said["asked"].out) == (ExitCode.OK, "asked\n")


def test_enough_kinds_of_broken_plugins_are_tested_and_recorded():
    kinds = len(BACKENDS) + len(OTHERS) + 10
    assert kinds >= 10
    record("plugins", f"{kinds} kinds: help, lists and numpy work; exit code 5 only if one is used")
