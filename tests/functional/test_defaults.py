"""The default of each optional operation computes what the operation is defined as."""

from __future__ import annotations

import numpy as np
import pytest
from gankit_numpy.image_layers import convolve, convolve_transposed
from gankit_numpy.operations import shift
from gankit_numpy.tape import constant

from gankit.functional import NAMES, Framework
from gankit.layers import Conv, ConvTranspose


class Names:
    """NumPy, reduced to the functions that `gankit.functional` may use."""

    def __getattr__(self, name):
        if name not in NAMES:
            raise AttributeError(f"{name} is not in functional.NAMES")
        return getattr(np, name)


class Plain(Framework):
    """NumPy without derivatives."""

    xp = Names()

    def array(self, values, /):
        return np.array(values)

    def numpy(self, tensor, /):
        return np.array(tensor)

    def constant(self, tensor, /):
        return tensor

    def scale(self, number, tensor, /):
        return np.asarray(number, tensor.dtype) * tensor

    def float64(self, tensor, /):
        return np.asarray(tensor, np.float64)

    def value_and_grad(self, f, weights, /):
        raise NotImplementedError

    def grad(self, f, x, /):
        raise NotImplementedError


PLAIN = Plain("float64", "auto")


def normal(*shape):
    return np.random.default_rng(0).standard_normal(shape)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(
    ("side", "stride", "padding"), [(1, 1, 0), (3, 1, 1), (4, 2, 1), (3, 2, 2)]
)
def test_a_convolution_equals_that_of_the_reference(side, stride, padding, groups):
    x, kernel = normal(3, 8, 6, 4), normal(side, side, 4 // groups, 6)
    layer = Conv(6, side, stride, padding, groups=groups)
    expected = convolve(layer, constant(x), constant(kernel)).value
    made = PLAIN.conv(x, kernel, stride=stride, padding=padding, groups=groups)
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("side", "stride", "padding"), [(2, 2, 0), (4, 2, 1), (3, 1, 1), (3, 3, 2)]
)
def test_a_transposed_convolution_equals_that_of_the_reference(side, stride, padding):
    x, kernel = normal(3, 5, 4, 4), normal(side, side, 4, 6)
    layer = ConvTranspose(6, side, stride, padding)
    expected = convolve_transposed(layer, constant(x), constant(kernel)).value
    made = PLAIN.conv_transpose(x, kernel, stride=stride, padding=padding)
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-12)


def test_a_shift_equals_that_of_the_reference():
    images, offsets = normal(4, 6, 5, 2), np.array([[0, 0], [2, -1], [-3, 4], [7, -6]])
    expected = shift(constant(images), offsets).value
    np.testing.assert_array_equal(PLAIN.shift(images, offsets.astype(float)), expected)


def test_softplus_and_sigmoid_are_exact_for_large_values():
    x = np.array([-1000.0, -40.0, -1e-3, 0.0, 1e-3, 40.0, 1000.0])
    np.testing.assert_allclose(PLAIN.softplus(x), np.logaddexp(x, 0), rtol=1e-15)
    below = np.exp(-np.abs(x))
    expected = np.where(x < 0, below, 1) / (1 + below)
    np.testing.assert_allclose(PLAIN.sigmoid(x), expected, rtol=1e-13)


def test_a_condition_computes_one_branch_only():
    assert PLAIN.cond(0.5, lambda: "due", pytest.fail) == "due"
    assert PLAIN.cond(0.0, pytest.fail, lambda: "not due") == "not due"
