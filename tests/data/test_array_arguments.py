"""Objects that users pass instead of arrays: the error says how to convert them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gankit.data import array_checks
from gankit.data.labels import as_labels
from gankit.errors import ConfigError

PIXELS = np.zeros((6, 4, 4, 1), np.uint8)


class Tensors:
    """Like torch's TensorDataset: arrays, and pairs by index."""

    tensors = (PIXELS, np.arange(6))

    def __getitem__(self, number):
        return tuple(part[number] for part in self.tensors)

    def __len__(self):
        return 6


class Pairs:
    """Like torchvision's data sets: pairs by index."""

    __getitem__ = Tensors.__getitem__
    __len__ = Tensors.__len__
    parts = Tensors.tensors


class Loader:
    """Like torch's DataLoader: an iterator of batches."""

    batch_size = 2

    def __iter__(self):
        return iter([])

    def __len__(self):
        return 3


class Stream:
    """Like a data set of tf.data."""

    def as_numpy_iterator(self):
        return iter(PIXELS)


class Far:
    """Like a tensor that NumPy cannot read."""

    def __array__(self, *_args, **_more):
        raise RuntimeError("it is on a GPU;\ncopy it first")


@pytest.mark.parametrize(
    ("what", "way"),
    [
        (Tensors(), "give dataset.tensors[0].numpy()"),
        (Pairs(), "give np.stack([np.asarray(dataset[i][0]) for i in range(len(dataset))])"),
        (Loader(), "give np.concatenate([np.asarray(batch[0]) for batch in loader])"),
        (Stream(), "give np.stack(list(dataset.as_numpy_iterator()))"),
        (iter(PIXELS), "give np.stack(list(images))"),
        ({"x": PIXELS}, "give the array of images in it"),
        ("faces.npy", "give np.load(path), or use gankit.train(dataset=path)"),
        (Path("faces"), "give np.load(path), or use gankit.train(dataset=path)"),
        (None, "got None; expected an array (N, height, width, channels)"),
        (7, "got 7; expected an array (N, height, width, channels)"),
        (Far(), "it is on a GPU; copy it first"),
        ([PIXELS[0], None], "give np.stack of arrays that all have the same shape"),
    ],
    ids=lambda what: type(what).__name__,
)
def test_a_value_that_is_not_an_array_is_refused_with_the_remedy(what, way):
    with pytest.raises(ConfigError) as refused:
        array_checks.array(what)
    assert way in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("what", "way"),
    [
        (Tensors(), "give dataset.tensors[1].numpy()"),
        (Pairs(), "dataset[i][1]"),
        (Loader(), "batch[1]"),
        (iter([1, 2]), "give np.stack(list(labels))"),
        ({"a": 1}, "give the array of labels in it"),
    ],
    ids=lambda what: type(what).__name__,
)
def test_labels_that_are_no_array_are_refused_with_the_remedy(what, way):
    with pytest.raises(ConfigError) as refused:
        array_checks.array(what, "labels")
    assert way in str(refused.value)
    assert "expected an array (N,)" in str(refused.value)


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
    with pytest.raises(ConfigError, match="got label nan of image 2; leave such images out"):
        as_labels(np.array([0.0, 1.0, np.nan]), "labels", ConfigError)


def test_masked_values_are_refused_and_masked_arrays_without_any_are_accepted():
    with pytest.raises(ConfigError, match=r"images: got an array with masked values.*leave masked"):
        array_checks.array(np.ma.masked_array(PIXELS, PIXELS == 0))
    found = array_checks.array(np.ma.masked_array(np.arange(6)), "labels")
    assert as_labels(found, "labels")[0].tolist() == [0, 1, 2, 3, 4, 5]


def test_labels_that_are_other_objects_are_refused_with_the_remedy():
    with pytest.raises(ConfigError, match=r"labels: got list of 2, .*give whole numbers from 0 on"):
        array_checks.array([None, None], "labels")


def test_numbers_just_outside_the_range_are_shown_and_clipped():
    images = np.full((2, 3, 3, 1), 1.0000002)
    with pytest.raises(ConfigError, match=r"1\.0000002.*give np\.clip\(images, -1, 1\)"):
        array_checks.images(images, "images", ConfigError, reals=True)
