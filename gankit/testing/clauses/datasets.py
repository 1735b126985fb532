"""Clauses on a data set."""

from __future__ import annotations

import functools
import random
import warnings

import numpy as np
import pytest

from gankit._utils.child_process import answers
from gankit.api import fit
from gankit.data import Dataset, ImageSet
from gankit.launch.evaluation.sample_count import FEWEST
from gankit.layers import Dense, Flatten, Reshape, Tanh
from gankit.plugins import validation
from gankit.testing.level_marks import level

MODULE = "gankit.testing.dataset_facts"
SECONDS = 600.0
"""Time limit of loading in a child process."""
SHARE = 0.01
"""The largest share of test images that may be training images."""
CHECKED_IMAGES = 1000
"""The most images whose levels are read."""


@level("protocol")
class DatasetImageClauses:
    """Images of a data set: of one shape, with levels from 0 to 255."""

    def test_has_valid_fields(self, dataset: Dataset) -> None:
        """A data set has a name that can be typed, a summary of one line, and functions."""
        validation.check("dataset", dataset)
        assert len(dataset.summary.splitlines()) == 1

    def test_loads_images_without_a_folder(self, dataset: Dataset) -> None:
        """`load(None)` returns a `gankit.data.ImageSet` with a source of one line."""
        data = loaded(dataset)
        assert isinstance(data, ImageSet)
        assert len(data.source.splitlines()) == 1

    def test_images_are_uint8(self, dataset: Dataset) -> None:
        """Images are uint8 of shape (N, height, width, channels), with no side of 0."""
        for data in splits(dataset):
            assert data.images.dtype == np.uint8
            assert len(data.images.shape) == 4
            assert 0 not in data.images.shape

    def test_the_stated_shape_is_that_of_the_images(self, dataset: Dataset) -> None:
        """`shape` is (height, width, channels) of the images, or None."""
        if dataset.shape is not None:
            assert dataset.shape == loaded(dataset).images.shape[1:]

    def test_has_enough_images(self, dataset: Dataset) -> None:
        """There are at least 12 images, because an evaluation divides them."""
        assert len(loaded(dataset)) >= 2 * FEWEST

    def test_levels_are_not_fractions(self, dataset: Dataset) -> None:
        """Levels are from 0 to 255, not only 0 and 1, and images are not all equal."""
        images = np.asarray(loaded(dataset).images[:CHECKED_IMAGES])
        assert images.max() > 1
        assert (images != images[:1]).any()

    def test_test_images_have_the_same_form(self, dataset: Dataset) -> None:
        """Test images, if there are any, have the training images' shape and classes."""
        data, test = loaded(dataset), held_out(dataset)
        assert test.images.shape[1:] == data.images.shape[1:]
        assert (test.labels is None) == (data.labels is None)
        assert test.class_names == data.class_names
        assert test.classes <= data.classes

    def test_test_images_are_not_training_images(self, dataset: Dataset) -> None:
        """At most 1 % of the test images are equal to a training image."""
        trained = {hash(image.tobytes()) for image in loaded(dataset).images}
        test = held_out(dataset).images
        assert sum(hash(image.tobytes()) in trained for image in test) <= SHARE * len(test)

    def test_a_run_trains_on_it(self, dataset: Dataset) -> None:
        """Small dense networks train for two steps on the images and labels, in NumPy."""
        data = loaded(dataset)
        shape = data.images.shape[1:]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = fit(
                np.asarray(data.images[:CHECKED_IMAGES]),
                (Dense(int(np.prod(shape))), Tanh(), Reshape(shape)),
                (Flatten(), Dense(1)),
                labels=None if data.labels is None else data.labels[:CHECKED_IMAGES],
                steps=2,
                latent=4,
                batch=4,
                backend="numpy",
                progress=False,
            )
        assert run.sample(1).shape == (1, *shape)


@level("protocol")
class DatasetLabelClauses:
    """Labels of a data set: whole numbers that number its classes, or vectors."""

    def test_labels_are_whole_numbers(self, dataset: Dataset) -> None:
        """Labels are int64, one for each image and at least 0, or -1 for no label; or None.

        Labels that are vectors are `(N, d)` float64 and finite.
        """
        for data in splits(dataset):
            if data.labels is not None and data.labels.ndim == 2:
                assert data.labels.dtype == np.float64
                assert data.labels.shape[0] == len(data.images)
                assert np.isfinite(data.labels).all()
            elif data.labels is not None:
                assert data.labels.dtype == np.int64
                assert data.labels.shape == (len(data.images),)
                assert data.labels.min() >= -1

    def test_every_class_has_images(self, dataset: Dataset) -> None:
        """Each class, from 0 on, has a training image."""
        data = labelled(dataset)
        assert set(np.unique(np.asarray(data.labels))) - {-1} == set(range(data.classes))

    def test_class_names_differ(self, dataset: Dataset) -> None:
        """Names of classes, if there are any, differ, and there is one for each class."""
        data = labelled(dataset)
        assert len(set(data.class_names)) == len(data.class_names)
        assert not data.class_names or len(data.class_names) == data.classes


@level("resume")
class DatasetRepetitionClauses:
    """Repeated loads of a data set: the same bytes each time, so that a run resumes."""

    def test_loads_the_same_bytes_again(self, dataset: Dataset) -> None:
        """Loaded again, images, labels and source are the same; test images too."""
        assert facts(dataset) == facts(dataset)

    def test_loads_the_same_bytes_elsewhere(self, dataset: Dataset) -> None:
        """In another process, which has another hash seed, images and labels are the same."""
        (found,) = answers(MODULE, [dataset.name], limit=SECONDS, without=["PYTHONHASHSEED"])
        if "unknown" in found:
            pytest.skip(f"dataset {dataset.name!r} has no 'entry point'")
        assert found.get("fault") is None
        assert found["facts"] == facts(dataset)

    def test_changes_no_random_state(self, dataset: Dataset) -> None:
        """Loading does not seed or use the global random states of NumPy and of Python."""
        # Move both states, so that seeding them again, as in an earlier load, changes them.
        np.random.shuffle(np.arange(9))
        random.seed(random.getrandbits(64))
        before = random_states()
        dataset.load(None)
        assert random_states() == before


def facts(dataset: Dataset) -> list[str]:
    """Load a data set; return digest and source of the training and the test images."""
    sets = [dataset.load(None)] + ([dataset.test(None)] if dataset.test else [])
    return [text for data in sets for text in (data.digest, data.source)]


def random_states() -> tuple[str, object]:
    """Return the global random states of NumPy and of Python."""
    return repr(np.random.get_state(legacy=False)), random.getstate()


@functools.lru_cache(maxsize=2)
def loaded(dataset: Dataset) -> ImageSet:
    """Return the training images, which are loaded once."""
    return dataset.load(None)


@functools.lru_cache(maxsize=2)
def _loaded_test(dataset: Dataset) -> ImageSet:
    assert dataset.test is not None
    return dataset.test(None)


def held_out(dataset: Dataset) -> ImageSet:
    """Return the test images, which are loaded once; skip if there are none."""
    if dataset.test is None:
        pytest.skip(f"dataset {dataset.name!r} has no 'test'")
    return _loaded_test(dataset)


def splits(dataset: Dataset) -> list[ImageSet]:
    """Return the training images and, if there are any, the test images."""
    return [loaded(dataset)] + ([_loaded_test(dataset)] if dataset.test else [])


def labelled(dataset: Dataset) -> ImageSet:
    """Return the training images; skip if they have no labels."""
    if loaded(dataset).labels is None or loaded(dataset).conditions:
        pytest.skip(f"dataset {dataset.name!r} has no 'labels' of classes")
    return loaded(dataset)
