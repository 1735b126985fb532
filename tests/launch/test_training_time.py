"""`--minutes` ends a run with a checkpoint, and a resumed run counts the time before."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import gankit
from gankit.callbacks import Bar
from gankit.errors import ConfigError
from gankit.launch import training_time
from gankit.launch.training_time import TrainingTime
from gankit.runs import RunFolder

IMAGES = np.random.default_rng(0).integers(0, 256, (400, 28, 28, 1), np.uint8)


@pytest.fixture
def clock(monkeypatch):
    """Replace the clock by one that stands; `clock[0] += 5` moves it."""
    now = [100.0]
    monkeypatch.setattr(training_time.time, "monotonic", lambda: now[0])
    return now


def train(out, clock, seconds_a_step=6.0, **settings):
    def pass_time(_progress):
        clock[0] += seconds_a_step

    words = {"steps": 40, "batch": 8, "backend": "numpy", "checkpoint_every": 100}
    return gankit.train(
        "simple", out=out, dataset=IMAGES, progress=False, callbacks=pass_time, **words | settings
    )


def seconds(out):
    store = RunFolder(out).checkpoints
    manifest = store.path(store.steps()[-1]) / "manifest.json"
    return json.loads(manifest.read_text("utf-8"))["info"].get("seconds")


def test_a_run_ends_with_a_checkpoint_after_its_minutes(tmp_path, clock):
    run = train(tmp_path / "run", clock, minutes=1)
    assert run.step == 11
    assert RunFolder(tmp_path / "run").checkpoints.steps() == [11]


def test_a_resumed_run_counts_the_minutes_before(tmp_path, clock):
    out = tmp_path / "run"
    train(out, clock, minutes=0.5)
    assert seconds(out) == pytest.approx(30)
    run = train(out, clock, minutes=1, resume=True)
    assert (run.step, seconds(out)) == (12, pytest.approx(60))


def test_a_run_whose_minutes_are_over_trains_no_step(tmp_path, clock):
    before = train(tmp_path / "run", clock, minutes=0.5)
    assert train(tmp_path / "run", clock, minutes=0.5, resume=True).step == before.step


def test_stopping_and_resuming_changes_no_number(tmp_path, clock):
    train(tmp_path / "run", clock, minutes=0.5)
    resumed = train(tmp_path / "run", clock, minutes=100, resume=True)
    uninterrupted = train(tmp_path / "other", clock)
    assert np.array_equal(resumed.history, uninterrupted.history)


def test_a_run_shorter_than_its_minutes_ends_as_usual(tmp_path, clock):
    assert train(tmp_path / "run", clock, minutes=100, steps=3).step == 3


def test_without_a_limit_manifests_have_the_time_too(tmp_path, clock):
    train(tmp_path / "run", clock, steps=2)
    assert seconds(tmp_path / "run") > 0


@pytest.mark.parametrize("minutes", [0, -1, float("inf")])
def test_impossible_minutes_are_refused(minutes):
    with pytest.raises(ConfigError, match=r"minutes: got|minutes.*finite"):
        gankit.train("simple", dataset=IMAGES, minutes=minutes)


def test_own_networks_train_for_minutes_too(clock):
    def pass_time(_progress):
        clock[0] += 6

    run = gankit.fit(
        IMAGES, "dense", "dense", steps=40, latent=4, batch=8, backend="numpy", minutes=0.5,
        progress=False, callbacks=pass_time,
    )  # fmt: skip
    assert run.step == 6


def test_minutes_of_another_type_are_refused():
    with pytest.raises(ConfigError, match="minutes: got '5'; expected a number or None"):
        gankit.fit(IMAGES, "dense", "dense", steps=1, latent=4, backend="numpy", minutes="5")


def test_time_without_a_limit_is_never_over(clock):
    time = TrainingTime(1e9, None)
    clock[0] += 5
    assert (time.seconds, time.over()) == (1e9 + 5, False)


def test_the_command_says_that_the_minutes_are_over(tmp_path, command):
    np.save(tmp_path / "images.npy", IMAGES)
    words = ["--dataset", tmp_path / "images.npy", "--backend", "numpy", "--out", tmp_path / "run"]
    code, out, told = command("train", "simple", *words, "--minutes", "0.001")
    assert (code, out.strip()) == (0, str(tmp_path / "run"))
    last = told.strip().splitlines()[-1]
    assert last.startswith("stopped after step ")
    assert ": its 0.001 minutes are over; saved. Resume with: " in last
    assert last.endswith("--resume --minutes 0.002")


def test_the_bar_shows_the_time_until_the_minutes_are_over(capsys):
    bar = Bar(10**6, plain=True, minutes=2)
    gankit.train(
        "simple", dataset=IMAGES, backend="numpy", steps=2, progress=False, callbacks=[bar]
    )
    assert re.search(r" 0[12]:\d\d left", capsys.readouterr().err)
