"""Data sets with one fault each."""

from __future__ import annotations

import functools

import numpy as np

from gankit.data import Dataset, ImageSet
from tests.wrong_plugins.wrong import Wrong

NAMES = ("dark", "bright")


class Unreadable:
    """Images that cannot be read."""

    dtype, shape, ndim = np.dtype(np.uint8), (40, 4, 5, 1), 4

    def __len__(self):
        return 40

    def __getitem__(self, index):
        raise OSError("the disk is gone")


def drawn(seed, count=40, side=4):
    """Return images and labels."""
    random = np.random.Generator(np.random.Philox(seed))
    images = random.integers(0, 256, (count, side, 5, 1), np.uint8)
    return images, np.arange(count, dtype=np.int64) % 2


def load(_folder, seed=0, **sizes):
    """Return a correct set of images."""
    return ImageSet(*drawn(seed, **sizes), f"drawn with seed {seed}", NAMES)


load_test = functools.partial(load, seed=1)


def changed(_folder, **fields):
    """Return a set of images with other fields, which the class does not check."""
    data = load(None)
    for name, value in fields.items():
        object.__setattr__(data, name, value)
    return data


def with_fields(**fields):
    """Return a function that loads images with other fields."""
    return functools.partial(changed, **fields)


def as_tuple(folder):
    """Return arrays."""
    return load(folder).images, load(folder).labels


def at_random(_folder):
    """Return other images each time."""
    return load(None, seed=int(np.random.default_rng().integers(2**32)))


def by_hash(_folder):
    """Return images that depend on the hash seed of the process."""
    return load(None, seed=hash("bright") % 2**32)


def after_seeding(_folder):
    """Return the same images, and change the global random state."""
    np.random.seed(0)
    return load(None)


def wrong(name, *clauses, load=load, test=load_test, summary="bright and dark images", shape=None):
    """Return a wrong data set."""
    return Wrong(Dataset(name, summary, load, test=test, shape=shape), clauses)


CORRECT_DATASET = Dataset("drawn", "bright and dark images", load, test=load_test)
WRONG_DATASETS = [
    wrong("has-no-summary", "test_has_valid_fields", summary=""),
    wrong("returns-arrays", "test_loads_images_without_a_folder", load=as_tuple, test=None),
    wrong("has-real-images", "test_images_are_uint8", load=with_fields(images=drawn(0)[0] / 255)),
    wrong("states-another-shape", "test_the_stated_shape_is_that_of_the_images", shape=(5, 4, 1)),
    wrong("is-small", "test_has_enough_images", load=functools.partial(load, count=11)),
    wrong(
        "has-levels-0-and-1",
        "test_levels_are_not_fractions",
        load=with_fields(images=drawn(0)[0] // 128),
    ),
    wrong(
        "has-other-test-images",
        "test_test_images_have_the_same_form",
        test=functools.partial(load, seed=1, side=6),
    ),
    wrong("tests-on-training-images", "test_test_images_are_not_training_images", test=load),
    wrong(
        "cannot-be-read",
        "test_a_run_trains_on_it",
        load=with_fields(images=Unreadable()),
        test=None,
    ),
    wrong(
        "has-int32-labels",
        "test_labels_are_whole_numbers",
        load=with_fields(labels=drawn(0)[1].astype(np.int32)),
    ),
    wrong(
        "has-an-empty-class",
        "test_every_class_has_images",
        load=with_fields(class_names=(*NAMES, "grey")),
    ),
    wrong(
        "names-a-class-twice", "test_class_names_differ", load=with_fields(class_names=("a", "a"))
    ),
    wrong("draws-at-random", "test_loads_the_same_bytes_again", load=at_random),
    wrong("depends-on-a-hash", "test_loads_the_same_bytes_elsewhere", load=by_hash),
    wrong("seeds-numpy", "test_changes_no_random_state", load=after_seeding),
]
