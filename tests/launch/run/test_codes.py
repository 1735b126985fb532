"""Runs with codes, by the command and in Python."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.layers import Dense, Flatten, Reshape, Tanh
from tests.short_runs import refusal
from tests.test_terms import DIGIT, READ, SLANT

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 3, 2, 1), dtype=np.uint8)
CODED = """
latent = 4
steps_per_epoch = 2
codes = [
    { name = "digit", kind = "categorical", size = 3 },
    { name = "slant", kind = "uniform", size = 2 },
]
terms = [
    { kind = "cross-entropy", of = "fake/digit", to = "code/digit", sides = ["generator"] },
]
generator.layers = [
    { layer = "dense", units = 784 },
    { layer = "tanh" },
    { layer = "reshape", shape = [28, 28, 1] },
]
[discriminator]
heads = { digit = 3 }
layers = [{ layer = "flatten" }, { layer = "dense", units = 4 }]
"""


@pytest.fixture(scope="module")
def run():
    return gankit.fit(
        IMAGES, (Dense(6), Tanh(), Reshape((3, 2, 1))), (Flatten(), Dense(4)),
        steps=3, latent=3, batch=6, backend="numpy",
        codes=(DIGIT, SLANT), heads={"digit": 3}, terms=READ,
    )  # fmt: skip


def test_given_codes_replace_those_of_the_noise(run):
    free, fixed = run.sample(6, seed=1), run.sample(6, seed=1, codes={"digit": 2, "slant": 0.5})
    assert (free != fixed).any()
    noise = gankit.contract.sample_noise.sample_noise(run.problem, 6, 1)
    noise[:, 3:] = [0, 0, 1, 0.5, 0.5]
    np.testing.assert_array_equal(fixed, run.generator(noise))


def test_codes_may_differ_from_image_to_image(run):
    digits, slants = np.array([0, 1, 2, 2]), np.linspace(-1, 1, 8).reshape(4, 2)
    made = run.sample(4, codes={"digit": digits, "slant": slants})
    for i in range(4):
        codes = {"digit": int(digits[i]), "slant": np.tile(slants[i], (4, 1))}
        np.testing.assert_allclose(run.sample(4, codes=codes)[i], made[i], atol=1e-6)


def test_a_sweep_changes_one_code_alone(run):
    made = run.sweep("slant", [-2, 0, 2], n=4, seed=5, codes={"digit": 1})
    assert made.shape == (4, 3, 3, 2, 1)
    for i, value in enumerate((-2, 0, 2)):
        wanted = run.sample(4, seed=5, codes={"digit": 1, "slant": value})
        np.testing.assert_allclose(made[:, i], wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([], "values: got the shape (0,); expected one or more numbers in a flat list"),
        (2, "values: got the shape (); expected one or more numbers in a flat list"),
        ([[1, 2]], "values: got the shape (1, 2); expected one or more numbers in a flat list"),
        ([[1], [1, 2]], "values: got list of 2; expected numbers"),
        ([1, float("nan")], "values: got nan; expected finite numbers"),
    ],
    ids=range(5),
)
def test_a_sweep_needs_a_list_of_values(run, values, told):
    assert told in refusal(lambda: run.sweep("slant", values))


def test_an_interpolation_changes_codes_along_a_straight_line(run):
    (path,) = run.interpolate([1, 2], steps=3)
    assert path.shape == (1, 3, 3, 2, 1)
    np.testing.assert_allclose(path[0, 0], run.sample(1, 1)[0], atol=1e-6)
    np.testing.assert_allclose(path[0, 2], run.sample(1, 2)[0], atol=1e-6)


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        ({"width": 1}, "unknown code 'width'; known: digit, slant"),
        ({"digit": 3}, "codes.digit: got 3; expected a whole number from 0 to 2"),
        ({"digit": 0.5}, "codes.digit: got 0.5; expected a whole number"),
        (
            {"slant": [1, 2, 3]},
            "codes.slant: got the shape (3,); expected a number, (4,) or (4,",
        ),
        ({"slant": "much"}, "codes.slant: got 'much'; expected numbers"),
        ({"slant": float("nan")}, "codes.slant: got nan; expected finite numbers"),
        ({"slant": np.array([1, np.nan, 1, 1])}, "codes.slant: got nan; expected finite numbers"),
        (3, "codes: got 3; expected values by name"),
    ],
    ids=range(8),
)
def test_codes_that_do_not_fit_are_refused(run, codes, told):
    assert told in refusal(lambda: run.sample(4, codes=codes))


def test_a_run_with_codes_resumes_to_the_same_bits(tmp_path):
    def train(steps, out, **more):
        settings = tomllib.loads(CODED) | more
        return gankit.train(
            backend="numpy", dataset="glyphs", steps=steps, batch=8, out=out, **settings
        )

    whole = train(4, tmp_path / "whole")
    train(2, tmp_path / "parts")
    resumed = train(4, tmp_path / "parts", resume=True)
    np.testing.assert_array_equal(whole.sample(5), resumed.sample(5))
    np.testing.assert_array_equal(gankit.load(tmp_path / "whole").sample(5), whole.sample(5))


@pytest.fixture
def coded(machine, command):
    """Return the folder of a run with codes on glyphs."""
    (machine / "coded.toml").write_text(CODED, "utf-8")
    ended = command(
        "train", "--config", "coded.toml", "--backend", "numpy", "--dataset", "glyphs",
        "--steps", "2", "--batch", "8", "--out", "run",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    return machine / "run"


def test_the_command_draws_a_row_of_values_for_each_image(coded, command, machine):
    assert command("sample", "run", "--code", "slant=-2..2", "--steps", "5", "-n", "3",
                   "--scale", "1", "--out", "rows.png").code == 0  # fmt: skip
    with Image.open(machine / "rows.png") as picture:
        assert picture.size == (5 * 30 - 2, 3 * 30 - 2)
    assert command("sample", "run", "--code", "digit=0..2", "--code", "slant=0.5",
                   "--out", "digits.npy").code == 0  # fmt: skip
    made = gankit.load(coded).sweep("digit", [0, 1, 2], n=10, codes={"slant": 0.5})
    np.testing.assert_allclose(np.load(machine / "digits.npy"), made.reshape(-1, 28, 28, 1))


def test_the_command_sets_a_code_of_all_images(coded, command, machine):
    assert command("sample", "run", "--code", "digit=2", "-n", "4", "--out", "two.npy").code == 0
    wanted = gankit.load(coded).sample(4, codes={"digit": 2})
    np.testing.assert_array_equal(np.load(machine / "two.npy"), wanted)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--code", "slant"], "--code: got 'slant'; expected NAME=VALUE or NAME=A..B"),
        (["--code", "slant=a..2"], "--code: got 'slant=a..2'; expected"),
        (["--code", "width=1"], "unknown code 'width'; known: digit, slant"),
        (["--code", "width=0..1"], "unknown code 'width'; known: digit, slant"),
        (["--code", "digit=0..3"], "codes.digit: got 3; expected a whole number from 0 to 2"),
        (["--code", "digit=0..2", "--steps", "4"], "--steps: got 4 for the categories of 'digit'"),
        (["--code", "slant=1", "--code", "slant=2"], "--code: got a name twice"),
        (["--code", "slant=0..1", "--code", "digit=0..2"], "--code: got two that vary"),
        (["--code", "slant=1", "--interpolate", "1,2"], "remove --interpolate or --training"),
        (["--code", "slant=0..1", "--columns", "3"], "remove --columns"),
    ],
    ids=range(10),
)
@pytest.mark.usefixtures("coded")
def test_an_option_that_does_not_fit_is_refused(command, machine, options, told):
    ended = command("sample", "run", *options)
    assert ended.code == 2
    assert told in ended.err
    assert not (machine / "samples.png").exists()
