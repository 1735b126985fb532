"""Glyphs in colour: a colour for each digit, of one brightness."""

from __future__ import annotations

import numpy as np

from gankit.data import ImageSet, glyphs
from gankit.data.derived_sources import derived
from gankit.data.glyphs.coloured import BRIGHTNESS, LUMA, colour, coloured

IMAGES, LABELS = glyphs.draw(60)
MADE = coloured(ImageSet(IMAGES, LABELS, "glyphs"))


def test_a_pixel_is_its_level_times_the_colour_of_the_digit():
    for image, made, label in zip(IMAGES, MADE.images, LABELS, strict=True):
        wanted = np.rint(image.astype(float) * colour(int(label)))
        np.testing.assert_array_equal(made, wanted)
    assert (MADE.labels == LABELS).all()


def test_colours_differ_and_grey_levels_do_not_show_them():
    colours = np.stack([colour(digit) for digit in range(10)])
    np.testing.assert_allclose(colours @ LUMA, BRIGHTNESS)
    assert (colours >= 0).all()
    assert (colours <= 1).all()
    apart = np.linalg.norm(colours[:, None] - colours, axis=2)[~np.eye(10, dtype=bool)]
    assert apart.min() > 0.15
    grey = derived(MADE.images, "grey")
    assert np.abs(grey - IMAGES * BRIGHTNESS).max() < 2
