"""Sources computed from images, compared with loops over their pixels."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gankit.data.derived_sources import DERIVED, DerivedImages, derived
from gankit.errors import DataError

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 12, 8, 3), np.uint8)
KERNEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def test_grey_is_that_of_pictures():
    wanted = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in IMAGES])
    np.testing.assert_array_equal(derived(IMAGES, "grey")[..., 0], wanted)
    np.testing.assert_array_equal(derived(IMAGES[..., :1], "grey"), IMAGES[..., :1])


def test_edges_are_where_the_gradient_is_large():
    smooth = IMAGES.copy()
    smooth[:, :, :4] = 40
    grey = derived(smooth, "grey")[..., 0].astype(int)
    made = derived(smooth, "edges")
    padded = np.pad(grey, ((0, 0), (1, 1), (1, 1)), "edge")
    for place in np.ndindex(grey.shape):
        n, i, j = place
        patch = padded[n, i : i + 3, j : j + 3]
        size = (patch * KERNEL).sum() ** 2 + (patch * KERNEL.T).sum() ** 2
        assert made[(*place, 0)] == (255 if size >= 255**2 else 0)
    assert {0, 255} == {*made.ravel().tolist()}


def test_masked_hides_the_middle_alone():
    made = derived(IMAGES, "masked")
    assert (made[:, 3:9, 2:6] == 128).all()
    made[:, 3:9, 2:6] = IMAGES[:, 3:9, 2:6]
    np.testing.assert_array_equal(made, IMAGES)


def test_shrunk_is_the_mean_of_squares():
    made = derived(IMAGES, "shrunk")
    assert made.shape == (5, 3, 2, 3)
    square = IMAGES[2, 4:8, 4:8, 1].astype(float)
    assert made[2, 1, 1, 1] == int(square.mean() + 0.5)


@pytest.mark.parametrize(
    ("kind", "shape"), [("shrunk", (2, 10, 8, 1)), ("edges", (2, 8, 8, 2)), ("grey", (2, 8, 8, 4))]
)
def test_images_without_such_sources_are_refused_in_one_line(kind, shape):
    with pytest.raises(DataError, match="expected") as refused:
        derived(np.zeros(shape, np.uint8), kind)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", DERIVED)
def test_sources_of_images_in_a_file_are_computed_when_read(kind):
    whole, lazy = derived(IMAGES, kind), DerivedImages(IMAGES, kind)
    assert (lazy.shape, lazy.dtype, len(lazy), lazy.ndim) == (whole.shape, whole.dtype, 5, 4)
    assert lazy.nbytes == whole.nbytes
    index = np.array([[3, 1], [0, 4]])
    np.testing.assert_array_equal(lazy[index], whole[index])
    np.testing.assert_array_equal(lazy[2], whole[2])
    np.testing.assert_array_equal(lazy[1:4], whole[1:4])
    np.testing.assert_array_equal(np.asarray(lazy), whole)
