"""`gankit translate`, as people use it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.data import glyphs
from gankit.errors import ExitCode
from gankit.visual.images import to_uint8

DIGITS = glyphs.draw(24)[0]


@pytest.fixture
def run(machine, command):
    """Return the folder of a short run of pix2pix, beside a folder of three digits."""
    np.save(machine / "digits.npy", DIGITS)
    words = ("--backend", "numpy", "--steps", "1", "--batch", "2", "--out", "run")
    ended = command("train", "pix2pix", "--dataset", "./digits.npy", *words)
    assert ended.code == ExitCode.OK, ended.err
    (machine / "pictures" / "more").mkdir(parents=True)
    for name, image in zip(("b", "a"), DIGITS, strict=False):
        Image.fromarray(image[..., 0]).save(
            machine / "pictures" / "more" / f"{name}.jpg", quality=99
        )
    return machine / "run"


def test_writes_a_picture_for_each_and_a_grid(run, machine, command):
    ended = command("translate", "run", "pictures/more", "--out", "made")
    assert ended.code == ExitCode.OK, ended.err
    assert ended.out == "made\n"
    assert "translated 2 pictures" in ended.err
    assert {path.name for path in (machine / "made").iterdir()} == {"a.png", "b.png", "grid.png"}
    made = gankit.load(run).translate(machine / "pictures" / "more")
    with Image.open(machine / "made" / "a.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), to_uint8(made[0])[..., 0])


@pytest.mark.usefixtures("run")
def test_without_pictures_pairs_of_the_data_are_in_one_grid(machine, command):
    ended = command("translate", "run", "--out", "grid.png")
    assert ended.code == ExitCode.OK, ended.err
    assert ended.out == "grid.png\n"
    with Image.open(machine / "grid.png") as picture:
        width, height = picture.size
    columns, rows = 10 * 30 - 2, 2 * (3 * 28 + 2) - 2
    assert width % columns == height % rows == 0


def test_derived_sources_are_those_of_training(run, machine, command):
    np.save(machine / "few.npy", DIGITS[:3])
    ended = command("translate", "run", "few.npy", "--derive", "--out", "made")
    assert ended.code == ExitCode.OK, ended.err
    made = gankit.load(run).translate(DIGITS[:3], derive=True)
    with Image.open(machine / "made" / "2.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), to_uint8(made[2])[..., 0])


@pytest.mark.usefixtures("run")
def test_a_folder_named_like_a_picture_is_not_made(machine, command):
    ended = command("translate", "run", "--out", "made.jpg")
    assert ended.code == ExitCode.USAGE
    assert "expected a folder, or a .png file for the grid alone" in ended.err
    assert not (machine / "made.jpg").exists()


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "nothing"), "no file or folder"),
        (("nothing", "pictures"), "nothing"),
        (("run", "pictures", "--seed", "-1"), "seed: got -1"),
    ],
)
def test_what_is_not_possible_is_one_line(machine, command, arguments, said):
    ended = command("translate", *arguments, "--out", "made")
    assert ended.code != ExitCode.OK
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert not (machine / "made").exists()
