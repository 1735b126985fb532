"""`gankit encode`, and further networks of a run in Python."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.data import glyphs
from gankit.errors import ConfigError, ExitCode
from gankit.layers import Concat, Dense, Flatten, Reshape, Tanh
from gankit.passes import FurtherNetwork
from gankit.terms import Term
from gankit.visual.images import to_uint8

DIGITS = glyphs.draw(12)[0]


@pytest.fixture
def run(machine, command):
    """Return the folder of a short run of bigan, beside an array of digits."""
    np.save(machine / "digits.npy", DIGITS)
    words = ("--backend", "numpy", "--steps", "1", "--batch", "2", "--out", "run")
    ended = command("train", "bigan", "--dataset", "./digits.npy", *words)
    assert ended.code == ExitCode.OK, ended.err
    return machine / "run"


def test_writes_codes_and_reconstructions(run, machine, command):
    ended = command("encode", "run", "digits.npy", "--out", "made/codes.npy", "--grid", "grid.png")
    assert ended.code == ExitCode.OK, ended.err
    assert ended.out == "made/codes.npy\n"
    assert "encoded 12 pictures as rows of 32 numbers" in ended.err
    opened = gankit.load(run)
    codes = np.load(machine / "made" / "codes.npy")
    np.testing.assert_array_equal(codes, opened.encode(DIGITS))
    np.testing.assert_array_equal(codes, opened.networks["encoder"](opened.problem.scale(DIGITS)))
    with Image.open(machine / "grid.png") as picture:
        pixels = np.asarray(picture)
    scale = pixels.shape[1] // (10 * 30 - 2)
    first = pixels[::scale, ::scale][28 : 28 + 28, :28]
    np.testing.assert_array_equal(first, to_uint8(opened.generator(codes[:1]))[0, ..., 0])


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "codes.csv"), "--out: got codes.csv; expected a .npy file"),
        (("--grid", "grid.jpg"), "--grid: got grid.jpg; expected a .png file"),
        (("--network", "encodr"), "unknown network 'encodr'"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_written(machine, command, words, said):
    ended = command("encode", "run", "digits.npy", *words)
    assert ended.code == ExitCode.USAGE
    assert said in ended.err
    assert not (machine / "codes.npy").exists()


@pytest.mark.usefixtures("run")
def test_pictures_are_needed_without_test_images(machine, command):
    ended = command("encode", "run")
    assert ended.code == ExitCode.USAGE
    assert "pictures: got none, and the run's data set has no test images" in ended.err
    assert not (machine / "codes.npy").exists()


def test_a_run_without_an_encoder_says_so(machine, command):
    np.save(machine / "digits.npy", DIGITS)
    words = ("--backend", "numpy", "--steps", "1", "--batch", "2", "--out", "plain")
    command("train", "simple", "--dataset", "./digits.npy", *words)
    ended = command("encode", "plain", "digits.npy")
    assert ended.code == ExitCode.USAGE
    assert "network: got no network of the run that makes codes of images" in ended.err
    assert gankit.load(machine / "plain").networks == {}


def test_a_run_begins_with_all_networks_of_another(run, machine, command):
    words = ("--backend", "numpy", "--dataset", "./digits.npy", "--steps", "1", "--batch", "2")
    words += ("--seed", "5")
    ended = command("train", "bigan", *words, "--init-from", "run", "--out", "next")
    assert ended.code == ExitCode.OK, ended.err
    assert "encoder (" in ended.err
    ended = command(
        "train",
        "bigan",
        *words,
        "--init-from",
        "run",
        "--init-networks",
        "generator",
        "--out",
        "other",
    )
    assert ended.code == ExitCode.OK, ended.err
    first, other = gankit.load(machine / "next"), gankit.load(machine / "other")
    distances = [
        np.abs(each.encode(DIGITS) - gankit.load(run).encode(DIGITS)).mean()
        for each in (first, other)
    ]
    assert 4 * distances[0] < distances[1]


def test_codes_that_are_drawn_are_their_means():
    run = gankit.fit(
        DIGITS, (Dense(784), Tanh(), Reshape((28, 28, 1))), (Flatten(), Dense(1)), latent=4,
        batch=4, steps=1, backend="numpy", progress=False, terms=Term("kl", "posterior"),
        networks={"encoder": FurtherNetwork("generator", (Flatten(), Dense(8)))},
        passes={"posterior": "encoder(real)", "code": "sample(posterior)"},
    )  # fmt: skip
    outputs = run.networks["encoder"](run.problem.scale(DIGITS))
    np.testing.assert_array_equal(run.encode(DIGITS), outputs[:, :4])


def test_layers_in_python_make_the_same_run_again(tmp_path):
    def fit(steps, **more):
        return gankit.fit(
            DIGITS, (Dense(784), Tanh(), Reshape((28, 28, 1))), (Flatten(), Concat(1), Dense(1)),
            latent=4, batch=4, steps=steps, backend="numpy", swapped=True, out=tmp_path / "own",
            networks={"encoder": FurtherNetwork("generator", (Flatten(), Dense(4)))},
            passes={"code": "encoder(real)"}, progress=False, **more,
            sees={"real": ["real", "code"], "fake": ["fake", "noise"]},
        )  # fmt: skip

    fit(1)
    resumed, loaded = fit(3, resume=True), gankit.load(tmp_path / "own")
    assert resumed.step == 3
    np.testing.assert_array_equal(resumed.encode(DIGITS), loaded.encode(DIGITS))
    with pytest.raises(ConfigError, match="swapped was true, is now false"):
        gankit.fit(
            DIGITS, (Dense(784), Tanh(), Reshape((28, 28, 1))), (Flatten(), Dense(1)),
            latent=4, batch=4, steps=4, backend="numpy", out=tmp_path / "own", resume=True,
            progress=False,
        )  # fmt: skip
