"""How images become the input of a network in a file."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.errors import ConfigError
from gankit.evaluation.features.network_input import NetworkInput, network_input, resized


def grey(*rows):
    return np.array(rows, np.uint8)[np.newaxis, ..., np.newaxis]


@pytest.mark.parametrize(
    ("shape", "layout", "channels", "size"),
    [
        (("n", 8, 6, 3), "NHWC", 3, (8, 6)),
        (("n", 3, 8, 6), "NCHW", 3, (8, 6)),
        ((None, None, None, 1), "NHWC", 1, None),
        ((-1, 1, "h", "w"), "NCHW", 1, None),
    ],
)
def test_the_layout_and_the_size_are_recognised(shape, layout, channels, size):
    expected = NetworkInput(layout, channels, size, np.uint8)
    assert network_input(shape, np.uint8, "a.onnx") == expected


@pytest.mark.parametrize(
    ("shape", "got"),
    [
        (("n", 8, 6), "(free, 8, 6);"),
        ((1, 8, 6, 3), "(1, 8, 6, 3);"),
        (("n", 8, 6, 4), "(free, 8, 6, 4);"),
        (("n", 8, "w", 3), "(free, 8, free, 3);"),
        (("n", 3, 8, 3), "(free, 3, 8, 3); its layout is ambiguous;"),
        ((), "();"),
    ],
)
def test_another_input_is_an_error_of_one_line(shape, got):
    with pytest.raises(ConfigError) as error:
        network_input(shape, np.uint8, "a.onnx")
    assert str(error.value).startswith(f"a.onnx: got an input {got} expected (n, H, W, C) or")


def test_a_larger_image_is_interpolated_between_the_centres_of_pixels():
    assert resized(grey([0, 200]), (1, 4)).ravel().tolist() == [0, 50, 150, 200]


def test_a_smaller_image_is_smoothed_and_rounded():
    # Triangles of 4 pixels: weights 3/7, 3/7, 1/7 at the left edge, and the same mirrored.
    row = [255, 0, 0, 70]
    expected = [round(255 * 3 / 7), round(70 * 3 / 7)]
    assert resized(grey(row), (1, 2)).ravel().tolist() == expected


def test_each_colour_is_resized_by_itself():
    images = np.random.default_rng(0).integers(0, 256, (2, 7, 5, 3), np.uint8)
    made = resized(images, (9, 4))
    assert made.shape == (2, 9, 4, 3)
    for channel in range(3):
        alone = resized(images[..., channel, np.newaxis], (9, 4))
        np.testing.assert_array_equal(made[..., channel], alone[..., 0])


def test_grey_is_repeated_and_channels_may_come_first():
    images = np.arange(24, dtype=np.uint8).reshape(2, 4, 3, 1)
    made = NetworkInput("NCHW", 3, None, np.uint8)(images)
    assert made.shape == (2, 3, 4, 3)
    for channel in range(3):
        np.testing.assert_array_equal(made[:, channel], images[..., 0])


def test_real_numbers_are_between_minus_one_and_one():
    made = NetworkInput("NHWC", 1, None, np.float32)(grey([0, 255]))
    assert made.dtype == np.float32
    assert made.ravel().tolist() == [-1, 1]
