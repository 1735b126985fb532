"""The kernel distance, compared with scikit-learn's kernel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import polynomial_kernel

from gankit.errors import ConfigError
from gankit.evaluation import kernel_distance, subset_distances
from tests.evaluation.metrics.random_numbers import normal, rotation


def unbiased(a, b):
    """Return MMD² from scikit-learn's kernel matrices."""
    options = {"degree": 3, "gamma": 1 / a.shape[1], "coef0": 1}
    within = []
    for own in (a, b):
        table = polynomial_kernel(own, **options)
        np.fill_diagonal(table, 0)
        within.append(table.sum() / (len(own) * (len(own) - 1)))
    return sum(within) - 2 * polynomial_kernel(a, b, **options).mean()


@pytest.mark.parametrize(("n", "m"), [(40, 30), (1203, 1001)])
def test_the_distance_equals_that_of_another_implementation(n, m):
    a, b = normal(0, n, 5), 1.5 * normal(1, m, 5) + 0.2
    assert kernel_distance(a, b) == pytest.approx(unbiased(a, b), rel=1e-9)


def test_the_estimate_is_unbiased():
    found = [kernel_distance(normal(i, 20, 3), normal(i + 1000, 20, 3)) for i in range(400)]
    error = np.std(found) / np.sqrt(len(found))
    assert min(found) < 0 < max(found)
    assert abs(np.mean(found)) < 4 * error


def test_known_distributions_have_about_the_distance_of_the_closed_form():
    # In one dimension the kernel is Σ C(3, k) (xy)^k, so MMD² is that of the first three moments.
    moments = np.array([[0.0, 1.0, 0.0], [1.0, 2.0, 4.0]])  # Of N(0, 1) and of N(1, 1).
    wanted = np.array([3, 3, 1]) @ (moments[0] - moments[1]) ** 2
    assert wanted == 22
    found = kernel_distance(normal(0, 5000, 1), normal(1, 5000, 1) + 1)
    assert found == pytest.approx(wanted, rel=0.1)


def test_many_features_make_smaller_blocks_and_change_no_number(monkeypatch):
    a, b = normal(0, 40, 5), normal(1, 30, 5)
    wanted = kernel_distance(a, b)
    monkeypatch.setattr("gankit.evaluation.metrics.kernel_distance.CELLS_AT_ONCE", 70)
    assert kernel_distance(a, b) == pytest.approx(wanted, rel=1e-12)


def test_different_distributions_have_a_large_distance():
    assert kernel_distance(normal(0, 500, 4), normal(1, 500, 4) + 1) > 1


@given(st.integers(0, 2**32 - 1))
def test_order_rotation_and_exchange_of_the_sets_do_not_matter(seed):
    a, b = normal(seed, 20, 4), normal(seed + 1, 25, 4) + 1
    turn, order = rotation(seed, 4), np.random.default_rng(seed).permutation(20)
    wanted = kernel_distance(a, b)
    assert kernel_distance(a[order], b) == pytest.approx(wanted, rel=1e-8)
    assert kernel_distance(a @ turn, b @ turn) == pytest.approx(wanted, rel=1e-8)
    assert kernel_distance(b, a) == pytest.approx(wanted, rel=1e-8)


def test_subset_values_depend_on_the_seed_and_scatter_around_the_full_value():
    a, b = normal(0, 900, 4), normal(1, 800, 4) + 1
    found = subset_distances(a, b, subsets=30, size=200)
    assert found.shape == (30,)
    assert np.array_equal(found, subset_distances(a, b, subsets=30, size=200))
    assert not np.array_equal(found, subset_distances(a, b, subsets=30, size=200, seed=1))
    assert found.std() > 0
    assert abs(found.mean() - kernel_distance(a, b)) < 3 * found.std()


@pytest.mark.parametrize("sizes", [(50, 50), (50, 400), (400, 50), (1001, 1001)])
def test_subsets_of_small_sets_spread_about_as_fresh_draws_do(sizes):
    def draw(seed):
        return normal(seed, sizes[0], 16), normal(seed + 1000, sizes[1], 16)

    fresh = np.std([kernel_distance(*draw(seed)) for seed in range(12)])
    assert subset_distances(*draw(50), subsets=20).std() > fresh / 3


def test_sets_without_two_halves_have_no_subsets():
    assert subset_distances(normal(0, 4, 3), normal(1, 9, 3), subsets=2).shape == (2,)
    with pytest.raises(ConfigError, match="sets of 3 and 9 images; expected at least 4"):
        subset_distances(normal(0, 3, 3), normal(1, 9, 3))


def test_one_image_is_not_enough():
    with pytest.raises(ConfigError, match="got 1 and 5 images"):
        kernel_distance(np.zeros((1, 2)), np.zeros((5, 2)))
