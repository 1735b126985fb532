"""Runs of earlier versions, which took numbers that are refused now, are opened all the same."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.config import from_settings
from gankit.contract import problem
from gankit.launch.earlier_versions import openable
from gankit.layers import Dropout
from gankit.recipes import recipe

TINY = """
latent = 4
batch = 4
generator.layers = [
    { layer = "dense", units = 16 },
    { layer = "dropout", rate = 0.001 },
    { layer = "residual", layers = [{ layer = "dropout", rate = 0.999 }] },
    { layer = "dense", units = 64 },
    { layer = "batch-norm", momentum = 0.5, epsilon = 1e-60 },
    { layer = "tanh" },
    { layer = "reshape", shape = [8, 8, 1] },
]
discriminator.layers = [{ layer = "flatten" }, { layer = "dense", units = 1 }]
"""


@pytest.fixture
def old(machine, command, monkeypatch):
    """Return the folder of a run whose numbers were taken when it was trained."""
    (machine / "tiny.toml").write_text(TINY, "utf-8")
    (machine / "dots").mkdir()
    for number in range(12):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8), np.uint8)
        Image.fromarray(pixels).save(machine / "dots" / f"{number}.png")
    with monkeypatch.context() as before:
        before.setattr(sys.modules["gankit.layers.shapes"], "DROPOUT_LEVELS", 10**6)
        before.setattr(problem, "_check_epsilons", lambda _problem: None)
        words = "--backend numpy --config tiny.toml --dataset ./dots --steps 2 --out run"
        assert command("train", *words.split()).code == 0
    return machine / "run"


def test_a_run_with_a_rate_that_is_refused_now_is_opened_with_a_warning(old):
    with pytest.warns(UserWarning, match=r"rate is 0\.001.*opened all the same") as warned:
        run = gankit.load(old)
    assert "\n" not in str(warned[0].message)
    assert run.config.generator.layers[1] == Dropout(0.0)
    assert np.isfinite(run.sample(3)).all()


@pytest.mark.parametrize(
    "words",
    [
        ("sample", "run", "-n", "4", "--out", "x.png"),
        ("evaluate", "run", "-n", "12", "--no-floor", "--json"),
        ("export", "run", "--to", "safetensors", "--out", "x.safetensors"),
        ("report", "run", "--explore", "--out", "x.html"),
    ],
    ids=lambda words: words[0],
)
@pytest.mark.usefixtures("old")
def test_every_command_that_shows_it_goes_on(words, command):
    ended = command(*words)
    assert ended.code == 0, ended.err
    assert "rate is 0.001" in ended.err


def test_such_a_run_is_not_trained_on(old, command):
    ended = command("train", "--out", old, "--resume", "auto", "--steps", "4")
    assert (ended.code, "rate is 0.001" in ended.err) == (2, True)


def test_a_configuration_that_is_taken_is_left_alone():
    config = from_settings(recipe("simple").settings)
    assert openable(config) is config
