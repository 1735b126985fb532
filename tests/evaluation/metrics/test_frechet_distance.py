"""The Fréchet distance, compared with closed forms and a matrix root."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from gankit.errors import ConfigError
from gankit.evaluation import Moments, frechet_distance, moments
from tests.evaluation.metrics.random_numbers import normal, rotation

seeds = st.integers(0, 2**32 - 1)


def distance(a, b):
    return frechet_distance(moments(a), moments(b))


def test_normal_distributions_have_the_distance_of_the_closed_form():
    # Of commuting covariances the roots are those of the eigenvalues.
    turn, first, second = rotation(0, 3), np.array([1.0, 4.0, 9.0]), np.array([4.0, 1.0, 0.0])
    a = Moments(np.array([0.0, 0.0, 1.0]), turn @ np.diag(first) @ turn.T)
    b = Moments(np.array([3.0, 4.0, 1.0]), turn @ np.diag(second) @ turn.T)
    wanted = 25 + np.sum((np.sqrt(first) - np.sqrt(second)) ** 2)
    assert wanted == 36
    assert frechet_distance(a, b) == pytest.approx(wanted, rel=1e-12)


def test_samples_of_known_distributions_have_about_their_distance():
    a, b = normal(0, 40000, 2), 3 * normal(1, 40000, 2) + 1
    assert distance(a, b) == pytest.approx(2 + 2 * 4, rel=0.02)


@given(seeds)
def test_the_distance_equals_that_by_a_matrix_root(seed):
    a, b = normal(seed, 40, 6) @ normal(seed + 1, 6, 6), normal(seed + 2, 50, 6) + 0.5
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = sqrtm(first @ second).real
    wanted = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(first + second - 2 * root)
    assert distance(a, b) == pytest.approx(wanted, rel=1e-6, abs=1e-9)


def test_moments_equal_those_of_numpy():
    a = normal(0, 30, 4)
    np.testing.assert_allclose(moments(a).mean, a.mean(0))
    np.testing.assert_allclose(moments(a).covariance, np.cov(a.T))


def test_equal_sets_have_distance_0_also_with_a_singular_covariance():
    flat = np.concatenate([normal(0, 20, 3) * 1e3, np.zeros((20, 4))], 1)
    assert np.linalg.matrix_rank(moments(flat).covariance) == 3
    assert 0 <= distance(flat, flat) < 1e-6


def test_singular_covariances_have_the_distance_of_the_closed_form():
    # A root of the product's eigenvalues would be off by the root of the rounding error.
    a = Moments(np.zeros(3), np.diag([1.0, 0.0, 0.0]))
    b = Moments(np.zeros(3), np.diag([0.0, 1.0, 1e-12]))
    assert frechet_distance(a, b) == pytest.approx(2 + 1e-12, rel=1e-13)


@given(seeds)
def test_order_rotation_and_exchange_of_the_sets_do_not_matter(seed):
    a, b = normal(seed, 30, 4), 2 * normal(seed + 1, 30, 4) + 1
    turn, order = rotation(seed + 2, 4), np.random.default_rng(seed).permutation(30)
    wanted = distance(a, b)
    assert distance(a[order], b) == pytest.approx(wanted, rel=1e-9)
    assert distance(a @ turn, b @ turn) == pytest.approx(wanted, rel=1e-9)
    assert distance(b, a) == pytest.approx(wanted, rel=1e-9)


def test_one_feature_is_enough_and_one_image_is_not():
    assert distance(np.array([[0.0], [2.0]]), np.array([[1.0], [3.0]])) == pytest.approx(1)
    with pytest.raises(ConfigError, match="covariance: got 1 image;"):
        moments(np.zeros((1, 3)))


@pytest.mark.parametrize(("images", "bound"), [(20, 1e-7), (300, 1e-11)])
@pytest.mark.parametrize("seed", range(5))
def test_the_error_is_within_the_documented_bound(images, bound, seed):
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(images, 64)), random.normal(0.3, 1.4, size=(images + 5, 64))
    x, y = a - a.mean(0), b - b.mean(0)
    # By factors of the covariances, so that no root of an eigenvalue is taken.
    shared = np.linalg.svd(x @ y.T, compute_uv=False).sum() / np.sqrt((len(a) - 1) * (len(b) - 1))
    spread = np.sum(x**2) / (len(a) - 1) + np.sum(y**2) / (len(b) - 1)
    wanted = np.sum((a.mean(0) - b.mean(0)) ** 2) + spread - 2 * shared
    assert distance(a, b) == pytest.approx(wanted, rel=bound)
