"""The formulas of terms where rounding or a missing weight matters."""

from __future__ import annotations

import numpy as np
import pytest

from gankit.functional.terms import information, likeness, weighted
from tests.functional.test_defaults import PLAIN


@pytest.mark.parametrize(("weight", "expected"), [(None, 3.0), (1, 3.0), (2, 6.0), (0.0, 0.0)])
def test_a_loss_is_multiplied_by_its_weight_if_there_is_one(weight, expected):
    assert weighted(weight, 3.0) == expected


def test_a_row_of_zeros_is_like_no_other():
    rows = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
    assert likeness(PLAIN, rows) == pytest.approx(2 / 6)  # Of six pairs two have the cosine 1.


def test_the_information_of_certain_classes_is_finite():
    logits = 1e3 * np.eye(2)
    assert information(PLAIN, logits, logits) == pytest.approx(-np.log(2))
