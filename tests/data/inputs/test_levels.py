"""Numbers of pictures become levels of 0 to 255."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.data.inputs.levels import Levels
from gankit.errors import ConfigError

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), np.uint8)
PIXELS[0, 0, 0], PIXELS[0, 0, 1] = 0, 255


@pytest.mark.parametrize(
    ("numbers", "note"),
    [
        (PIXELS, ""),
        (PIXELS.astype(np.int64), ""),
        (PIXELS / 255, "real numbers in [0, 1], converted to 0 to 255"),
        ((PIXELS / 127.5 - 1).astype(np.float32), "real numbers in [-1, 1], converted to 0 to 255"),
        (PIXELS.astype(np.float16), "real numbers in [0, 255], converted to 0 to 255"),
    ],
    ids=["uint8", "int64", "unit", "symmetric", "levels"],
)
def test_every_usual_range_gives_the_same_levels(numbers, note):
    levels = Levels()
    assert np.array_equal(levels(numbers, 0), PIXELS)
    assert levels.note == note


def test_bool_becomes_black_and_white():
    assert np.unique(Levels()(PIXELS > 99, 0)).tolist() == [0, 255]


def test_the_first_pictures_decide_the_range():
    levels = Levels()
    levels(PIXELS / 255, 0)
    with pytest.raises(ConfigError, match=r"number 4 on have values from -0\.5 .* in \[0, 1\]"):
        levels(PIXELS / 255 - 0.5, 4)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (PIXELS * 300.0, "expected uint8, or real numbers in .*give np.uint8"),
        (PIXELS.astype(np.int64) * 300, "give np.uint8"),
        (PIXELS.astype(complex), "got pictures of complex128"),
        (np.where(PIXELS == 0, np.nan, 0.5), "image 7 has a value that is not a finite number"),
    ],
    ids=["large", "large int64", "complex", "nan"],
)
def test_other_numbers_are_refused(numbers, said):
    with pytest.raises(ConfigError, match=said):
        Levels()(numbers, 7)
