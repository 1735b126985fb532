"""Local features: what changes them, and what does not."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.data import glyphs
from gankit.evaluation import frechet_distance, moments
from gankit.evaluation.features import local_features
from gankit.evaluation.features.shrunk_images import small
from tests.evaluation.damaged_images import blurred, moved, specks


@pytest.fixture(scope="module")
def images():
    return glyphs.draw(400, seed=1)[0]


@pytest.fixture(scope="module")
def state(images):
    return local_features.fit(images[:200], variance=4.0)


def colour(seed, n, side=6, channels=3):
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, channels), dtype=np.uint8)


def test_filters_make_patches_of_real_images_uncorrelated(images, state):
    patches = local_features._patches(images[:200]).reshape(-1, 9)
    assert patches.shape == (200 * 28 * 28, 9)
    # In the middle of the first image, against the pixels themselves.
    middle = images[0, 9:12, 13:16, 0].ravel() / 127.5 - 1
    np.testing.assert_allclose(patches[10 * 28 + 14], middle, atol=1e-6)
    responses = (patches - state["local.mean"]) @ state["local.filters"]
    found = np.cov(responses.T)
    np.testing.assert_allclose(found, np.diag(np.diag(found)), atol=1e-3)
    assert 0.5 < np.diag(found).min() < np.diag(found).max() < 1.01


def test_features_of_real_images_are_uncorrelated_before_the_bound(images, state):
    values = local_features.features(state, images[:200])
    assert values.shape == (200, 18)
    found = np.cov(np.arctanh(values.astype(np.float64) / state["local.bound"]).T, ddof=0)
    np.testing.assert_allclose(found, np.diag(np.diag(found)), atol=1e-2)
    # Directions that hardly vary are not blown up to a variance of 1.
    assert np.diag(found).max() < 1.01
    assert np.diag(found)[-8:] == pytest.approx(1, abs=0.01)


def test_features_are_bounded_by_two_fifths_of_the_requested_deviation(state):
    noise = np.random.default_rng(0).integers(0, 256, (50, 28, 28, 1), dtype=np.uint8)
    values = np.abs(local_features.features(state, noise))
    assert values.max() == pytest.approx(0.4 * 2.0, rel=1e-3)


def test_with_few_images_unknown_directions_are_not_amplified():
    # 54 statistics of 20 images: most directions have no variance at all.
    some = colour(0, 220)
    found = local_features.fit(some[:20], 1.0)
    seen, unseen = (local_features.features(found, part) for part in (some[:20], some[20:]))
    assert np.abs(unseen).mean() < 3 * np.abs(seen).mean()


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_there_are_18_features_per_channel_for_up_to_four_channels(channels):
    some = colour(0, 30, channels=channels)
    found = local_features.fit(some, 1.0)
    assert {name: array.shape for name, array in found.items()} == local_features.shapes(channels)
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}
    count = 18 * channels if channels < 5 else 18
    assert (
        local_features.features(found, some).shape
        == (30, count)
        == (30, local_features.count(channels))
    )


def test_a_coloured_speck_changes_the_features_of_grey_images():
    grey = np.repeat(glyphs.draw(200, seed=1)[0], 3, axis=3)
    found = local_features.fit(grey, 1.0)
    red = grey.copy()
    red[..., 1:] = specks(grey[..., 1:], 1)
    assert distance(found, red, grey) > 5 * distance(found, grey[:100], grey[100:])


def test_every_pixel_of_a_large_image_changes_the_features():
    large = np.zeros((2, 100, 70, 1), np.uint8)
    places = local_features._places(100, 4)
    assert len(places) == 25
    assert set(places % 4) == {0, 1, 2, 3}
    assert local_features._patches(large).shape == (2, 25 * 18, 9)
    assert small(large).shape == (2, 25 * 18)


def test_equal_images_give_finite_features():
    alike = np.full((20, 8, 8, 1), 7, np.uint8)
    found = local_features.features(
        local_features.fit(alike, 1.0), np.concatenate([alike, alike + 200])
    )
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[:20], 0, atol=1e-3)


def distance(state, a, b):
    return frechet_distance(
        *(moments(local_features.features(state, x).astype(float)) for x in (a, b))
    )


def test_features_respond_to_specks_and_blur_and_not_to_shifts(images, state):
    real, other = images[:200], images[200:]
    floor = distance(state, other, real)
    for worse in (
        [specks(other, each) for each in (0.5, 1, 2, 4)],
        [blurred(other, part) for part in (0.05, 0.1, 0.2)],
    ):
        found = [floor, *(distance(state, some, real) for some in worse)]
        assert found == sorted(found)
        assert found[2] > 2 * floor
    assert distance(state, moved(other, 1), real) == pytest.approx(floor, rel=0.3)
