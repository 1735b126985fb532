"""Metrics of class probabilities, compared with scipy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import rel_entr
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

from gankit.evaluation import confidence, divergence, histogram, score, seen


def chances(seed, n=40, classes=5):
    return np.random.default_rng(seed).dirichlet(np.full(classes, 0.3), n)


@given(st.integers(0, 2**32 - 1))
def test_the_score_is_the_exponential_of_the_mutual_information(seed):
    # scikit-learn counts pairs, here a thousand for each image.
    pairs = np.random.default_rng(seed).multinomial(1000, chances(seed))
    information = mutual_info_score(None, None, contingency=pairs)
    assert score(pairs / 1000) == pytest.approx(np.exp(information), rel=1e-9)


def test_the_score_is_the_number_of_classes_at_best_and_one_at_worst():
    assert score(np.repeat(np.eye(4), 3, 0)) == pytest.approx(4)
    assert score(np.full((9, 4), 0.25)) == pytest.approx(1)
    assert score(np.repeat(np.eye(4)[:1], 9, 0)) == pytest.approx(1)


def test_the_score_does_not_depend_on_the_order():
    given_image = chances(0)
    assert score(given_image[::-1]) == pytest.approx(score(given_image), rel=1e-12)


def test_confidence_is_the_mean_probability_of_the_likeliest_class():
    assert confidence(np.array([[0.75, 0.25], [0.0, 1.0]])) == 0.875


def test_the_histogram_counts_the_likeliest_classes():
    assert histogram(np.eye(4)[[1, 1, 3, 1]]).tolist() == [0, 0.75, 0, 0.25]


@given(st.integers(0, 2**32 - 1))
def test_divergence_equals_that_of_other_implementations(seed):
    p, q = chances(seed, 2)
    assert divergence(p, q) == pytest.approx(entropy(p, q), rel=1e-9)
    assert divergence(p, q) == pytest.approx(rel_entr(p, q).sum(), rel=1e-9, abs=1e-12)


def test_divergence_is_0_for_equal_shares_and_infinite_for_a_new_class():
    assert divergence(np.array([0.5, 0.5, 0]), np.array([0.5, 0.5, 0])) == 0
    assert divergence(np.array([1.0, 0]), np.array([0.5, 0.5])) == pytest.approx(np.log(2))
    assert divergence(np.array([0.5, 0.5]), np.array([1.0, 0])) == np.inf


def test_of_ten_classes_those_with_two_percent_are_counted():
    shares = np.array([0.02, 0.0199, 0.0, 0.5, 0.4601, 0, 0, 0, 0, 0])
    assert seen(shares) == 3


def test_a_rare_class_of_the_data_has_a_lower_threshold():
    expected = np.array([0.9, 0.095, 0.005, 0.0])
    assert seen(np.array([0.92, 0.079, 0.001, 0.0]), expected) == 3
    assert seen(np.array([0.92, 0.0795, 0.0005, 0.0]), expected) == 2
