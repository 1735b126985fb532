"""Checkpoints of another run in a run's folder: each command skips them with one warning."""

from __future__ import annotations

import json
import shutil
import tomllib
import warnings
from pathlib import Path

import numpy as np
import pytest

import gankit
from gankit.errors import ExitCode

CONFIG = """
backend = "numpy"
dataset = "tiny.npy"
latent = 4
batch = 4
checkpoint_every = 5
keep_checkpoints = 2
[generator]
layers = [
    { layer = "dense", units = 64 },
    { layer = "tanh" },
    { layer = "reshape", shape = [8, 8, 1] },
]
[discriminator]
layers = [{ layer = "flatten" }, { layer = "dense", units = 1 }]
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a folder with images and a run: steps 5 and 10 of its own, and 12 and 15 of another.

    The tests copy it.
    """
    place = tmp_path_factory.mktemp("trained")
    images = np.random.default_rng(0).integers(0, 256, (256, 8, 8), np.uint8)
    np.save(place / "tiny.npy", images)
    settings = tomllib.loads(CONFIG) | {"dataset": place / "tiny.npy", "progress": False}
    gankit.train(out=place / "run", steps=10, **settings)
    gankit.train(out=place / "other", steps=15, **settings | {"seed": 1, "checkpoint_every": 3})
    for step in ("000012", "000015"):
        shutil.copytree(place / "other/checkpoints" / step, place / "run/checkpoints" / step)
    return place


@pytest.fixture
def run(machine, trained):
    """Return the run in the working folder, with its images."""
    shutil.copytree(trained, machine, dirs_exist_ok=True)
    return machine / "run"


def train(command, out, steps, *more):
    ended = command("train", "--out", out, "--steps", steps, "--no-progress", *more)
    assert ended.code == ExitCode.OK, ended.err
    return ended


def there(run):
    return sorted(int(path.name) for path in Path(run, "checkpoints").iterdir())


def assert_said_once(text):
    for step in ("000012", "000015"):
        assert text.count(f"{step} is of another run") == 1, text


@pytest.mark.parametrize("quick", [[], ["--quick"]], ids=["read", "quick"])
def test_a_foreign_checkpoint_is_not_listed(run, command, quick):
    ended = command("checkpoint", "list", run, "--json", *quick)
    assert [row["step"] for row in json.loads(ended.out)] == [5, 10]
    assert_said_once(ended.err)


def test_a_foreign_checkpoint_is_verified_only_by_its_own_folder(run, command):
    ended = command("checkpoint", "verify", run)
    assert (ended.code, len(ended.out.splitlines())) == (ExitCode.OK, 2)
    assert_said_once(ended.err)
    assert command("checkpoint", "verify", run / "checkpoints" / "000015").code == ExitCode.OK


def test_a_foreign_checkpoint_replaces_none_of_the_run(run, command):
    ended = command("checkpoint", "prune", run, "--keep", 1)
    assert ended.code == ExitCode.OK
    assert there(run) == [10, 12, 15]
    assert_said_once(ended.err)


def test_a_foreign_checkpoint_is_not_sampled(run, command):
    shutil.copytree(run, "clean")
    for step in ("000012", "000015"):
        shutil.rmtree(f"clean/checkpoints/{step}")
    assert_said_once(command("sample", run, "--out", "a.png").err)
    command("sample", "clean", "--out", "b.png")
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()


def test_a_foreign_checkpoint_is_not_loaded(run):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert gankit.load(run).step == 10
    assert_said_once("\n".join(str(one.message) for one in caught))


def test_a_foreign_checkpoint_is_not_exported(run, command):
    ended = command("export", run, "--to", "safetensors", "--out", "g.safetensors")
    assert ended.code == ExitCode.OK, ended.err
    assert "step 10 by backend numpy" in ended.err
    assert_said_once(ended.err)


def test_a_foreign_checkpoint_is_neither_resumed_nor_counted_by_pruning(run, command):
    ended = train(command, "run", 20, "--resume", "auto")
    assert "resuming after step 10" in ended.err
    assert_said_once(ended.err)
    assert there(run) == [12, 15, 20]  # Step 15 is the run's own now: it was trained again.
    assert command("checkpoint", "verify", run).out.count("valid") == 2


def test_nothing_is_trained_if_all_checkpoints_are_foreign(run, command):
    for step in ("000005", "000010"):
        shutil.rmtree(run / "checkpoints" / step)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    ended = command("train", "--out", "run", "--resume", "auto", "--steps", 20, "--no-progress")
    assert ended.code == ExitCode.CHECKPOINT
    assert "environment.json" in ended.err
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_changed_mark_is_reported_and_can_be_restored_from_the_checkpoints(run, command):
    for step in ("000012", "000015"):
        shutil.rmtree(run / "checkpoints" / step)
    facts = run / "environment.json"
    facts.write_text(json.dumps(json.loads(facts.read_text()) | {"run": "x" * 32}))
    resume = ("train", "--out", "run", "--resume", "auto", "--steps", 20, "--no-progress")
    ended = command(*resume)
    assert ended.code == ExitCode.CHECKPOINT
    assert "environment.json; if that file was changed, delete it" in ended.err
    facts.unlink()
    ended = command(*resume)
    assert ended.code == ExitCode.OK, ended.err
    assert "resuming after step 10" in ended.err
