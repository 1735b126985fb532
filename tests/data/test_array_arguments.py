"""Arrays of images are checked: the error says how to convert them."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.data import array_checks
from gankit.data.inputs.label_array import label_array
from gankit.data.labels import as_labels
from gankit.errors import ConfigError

PIXELS = np.zeros((6, 4, 4, 1), np.uint8)


def test_channels_first_is_refused_with_the_transpose_to_use():
    with pytest.raises(ConfigError, match=r"channels first; .* images.transpose\(0, 2, 3, 1\)"):
        array_checks.images(np.zeros((6, 3, 8, 8), np.uint8), "images", ConfigError, reals=True)


@pytest.mark.parametrize(
    ("kind", "way"),
    [(complex, "give the numbers of the pixels"), (object, "give np.stack of arrays")],
)
def test_an_array_of_another_type_is_refused(kind, way):
    with pytest.raises(ConfigError) as refused:
        array_checks.images(PIXELS.astype(kind), "images", ConfigError, reals=True)
    assert f"expected uint8, 0 to 255, or real numbers in [-1, 1]; {way}" in str(refused.value)


def test_a_label_that_is_not_a_number_is_named_with_its_image():
    with pytest.raises(ConfigError, match="got label nan of image 2; give -1 for no label"):
        as_labels(np.array([0.0, 1.0, np.nan]), "labels", ConfigError)


def test_masked_arrays_without_masked_values_are_accepted():
    found = label_array(np.ma.masked_array(np.arange(6)))
    assert as_labels(found, "labels")[0].tolist() == [0, 1, 2, 3, 4, 5]


def test_numbers_just_outside_the_range_are_shown_and_clipped():
    images = np.full((2, 3, 3, 1), 1.0000002)
    with pytest.raises(ConfigError, match=r"1\.0000002.*give np\.clip\(images, -1, 1\)"):
        array_checks.images(images, "images", ConfigError, reals=True)
