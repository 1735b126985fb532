"""Principal components, compared with scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from gankit.errors import ConfigError
from gankit.evaluation import principal_components
from gankit.evaluation.features import local_features


def images(count=200, shape=(6, 5, 2), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def test_components_equal_scikit_learns_up_to_signs():
    found = principal_components(images(), components=8)
    pca = PCA(8, svd_solver="full").fit(images().reshape(200, -1) / 127.5 - 1)
    other = images(seed=1)
    known = pca.transform(other.reshape(200, -1) / 127.5 - 1)
    # The images are scaled in float32.
    np.testing.assert_allclose(np.abs(found(other)[:, :8]), np.abs(known), atol=1e-4)


def test_components_are_at_most_as_many_as_images_or_pixels():
    assert principal_components(images(20))(images(7)).shape == (7, 20 + 36)
    assert principal_components(images())(images(7)).shape == (7, 60 + 36)


def test_local_features_are_added_to_the_components():
    found = principal_components(images(), components=8)
    beside = found(images())[:, 8:]
    np.testing.assert_allclose(beside, local_features.features(found.local, images()), rtol=1e-5)
    # A part of the deviation that the components have on average.
    spread = np.sqrt(found(images())[:, :8].var(0).mean())
    np.testing.assert_allclose(found.local["local.bound"], 0.4 * spread, rtol=1e-2)


def test_the_name_of_the_features_says_how_many_and_of_which_data():
    name = principal_components(images(), components=8).name
    assert name.startswith("8 principal components and 36 local features (")
    assert principal_components(images(), components=8).name == name
    assert principal_components(images(seed=1), components=8).name != name


def test_images_of_another_shape_are_refused():
    with pytest.raises(ConfigError, match="6x5x1 but the projection has 6x5x2"):
        principal_components(images())(images()[..., :1])
