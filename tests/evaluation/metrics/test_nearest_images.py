"""The nearest training image."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.errors import ConfigError
from gankit.evaluation import nearest_images


def pictures(seed, n, shape=(4, 3, 2)):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


@pytest.mark.parametrize(("n", "training"), [(5, 40), (300, 2100)])
def test_nearest_images_equal_those_of_a_search_over_all_pairs(n, training):
    some, all_ = pictures(0, n), pictures(1, training)
    index, distance = nearest_images(some, all_)
    apart = (some[:, None].astype(float) - all_) / 127.5
    table = np.sqrt((apart**2).mean((2, 3, 4)))
    assert np.array_equal(index, table.argmin(1))
    np.testing.assert_allclose(distance, table.min(1))
    assert index.dtype == np.int64


def test_a_copy_has_distance_0_and_the_first_of_two_copies_is_found():
    training = np.concatenate([pictures(0, 3000), pictures(0, 3000)])
    index, distance = nearest_images(training[[2999, 17]], training)
    assert index.tolist() == [2999, 17]
    assert distance.tolist() == [0, 0]


def test_black_and_white_have_distance_two():
    black, white = np.zeros((1, 2, 2, 1), np.uint8), np.full((1, 2, 2, 1), 255, np.uint8)
    assert nearest_images(black, white)[1] == pytest.approx(2)


def test_floats_are_compared_as_grey_levels():
    training = pictures(0, 9)
    real = training[[4]].astype(np.float32) / np.float32(127.5) - 1
    index, distance = nearest_images(real, training)
    assert (index[0], distance[0]) == (4, 0)


def test_the_training_images_may_be_in_a_file(tmp_path):
    training = pictures(0, 50)
    np.save(tmp_path / "training.npy", training)
    mapped = np.load(tmp_path / "training.npy", mmap_mode="r", allow_pickle=False)
    assert isinstance(mapped, np.memmap)
    assert nearest_images(training[[7]], mapped)[0] == [7]


def test_images_of_another_shape_are_refused():
    with pytest.raises(ConfigError, match="training set"):
        nearest_images(pictures(0, 2), pictures(0, 2, (3, 4, 2)))


def test_a_training_image_is_compared_with_the_others():
    training = pictures(0, 2100)
    own = np.array([2099, 3, 700])
    index, distance = nearest_images(training[own], training, own)
    assert not set(index) & set(own)
    assert (distance > 0).all()
    index, distance = nearest_images(training[own], np.concatenate([training, training]), own)
    assert index.tolist() == (own + 2100).tolist()
    with pytest.raises(ConfigError, match="expected another image"):
        nearest_images(training[:1], training[:1], np.array([0]))


def test_large_images_are_compared_without_rounding():
    training = pictures(0, 4, (64, 64, 3))
    training[1] = training[2]
    training[2, 5, 5, 0] ^= 1
    index, distance = nearest_images(training[[2]], training[:2])
    assert index[0] == 1
    assert distance[0] == pytest.approx(1 / 127.5 / np.sqrt(64 * 64 * 3), rel=1e-9)
