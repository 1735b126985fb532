"""The numbers of codes: their distribution, and what they depend on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gankit.codes import Code
from gankit.contract.code_numbers import code_numbers
from gankit.contract.latents import latents, truncated
from gankit.contract.sample_noise import sample_noise, sample_noise_chunks
from gankit.training import StepShape, plan
from tests.test_terms import DIGIT, PROBLEM, SLANT

STYLE = Code("style", "normal", 2)
PLAIN = replace(PROBLEM, codes=(), heads={"digit": 3, "slant": 2}, terms=())
WIDE = replace(PROBLEM, codes=(DIGIT, SLANT, STYLE))


def test_codes_have_their_distributions():
    drawn = code_numbers((DIGIT, SLANT, STYLE), 0, 0, (4000,)).astype(np.float64)
    digits, slants, styles = drawn[:, :3], drawn[:, 3:5], drawn[:, 5:]
    assert (np.sort(digits, axis=1) == [0, 0, 1]).all()
    np.testing.assert_allclose(digits.mean(axis=0), 1 / 3, atol=0.03)
    assert -1 <= slants.min() < -0.99
    assert 0.99 < slants.max() < 1
    assert slants.var() == pytest.approx(1 / 3, rel=0.05)
    assert (styles.mean(), styles.var()) == pytest.approx((0, 1), abs=0.05)


def planned(problem, start=0, steps=3):
    return plan(problem, StepShape(5, 2), 20, start, steps)


def test_codes_do_not_change_the_other_numbers_of_a_run():
    plain, coded = planned(PLAIN), planned(WIDE)
    np.testing.assert_array_equal(coded.noise[..., :4], plain.noise)
    np.testing.assert_array_equal(coded.index, plain.index)
    np.testing.assert_array_equal(planned(PROBLEM).noise, coded.noise[..., :9])


def test_the_codes_of_a_step_depend_on_the_seed_and_the_step_alone():
    np.testing.assert_array_equal(planned(WIDE).noise[2], planned(WIDE, 2, 1).noise[0])
    steps = planned(WIDE).noise[..., 4:]
    assert (steps[0] != steps[1]).any()
    assert (steps[:, 0] != steps[:, 1]).any()
    assert (steps != planned(replace(WIDE, seed=1)).noise[..., 4:]).any()


def test_shared_noise_shares_its_codes():
    noise = planned(replace(WIDE, fresh_noise=False)).noise
    np.testing.assert_array_equal(noise[:, -1], noise[:, -2])


@pytest.mark.parametrize("size", [1, 4, 9, 20])
def test_the_noise_of_samples_has_codes_and_does_not_depend_on_the_number(size):
    whole = sample_noise(WIDE, 9, 3)
    np.testing.assert_array_equal(whole[:, :4], latents(9, 4, 3))
    np.testing.assert_array_equal(np.concatenate([*sample_noise_chunks(WIDE, 9, 3, size)]), whole)
    np.testing.assert_array_equal(sample_noise(WIDE, 30, 3)[:9], whole)


def test_truncation_leaves_codes():
    (cut,) = sample_noise_chunks(WIDE, 9, 3, 9, 0.5)
    np.testing.assert_array_equal(cut[:, :4], truncated(9, 4, 3, 0.5))
    np.testing.assert_array_equal(cut[:, 4:], sample_noise(WIDE, 9, 3)[:, 4:])
