"""The default of each optional operation computes its definition."""

from __future__ import annotations

import types

import numpy as np
import pytest
import scipy.special
from gankit_numpy.image_layers import average_pool, convolve, convolve_transposed, upsample
from gankit_numpy.losses import term_value
from gankit_numpy.operations import leaky_relu, relu, shift
from gankit_numpy.ops import TrackedOps
from gankit_numpy.tape import constant

from gankit.augment import Augment
from gankit.errors import PluginError
from gankit.followers import AdaptiveProbability
from gankit.functional import NAMES, ForwardPass, Framework, trainer
from gankit.functional.followers import follow
from gankit.functional.forward import _softmax
from gankit.layers import Conv, ConvTranspose
from gankit.testing.problems import SIMPLE


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

    def input_vjp(self, f, x, /):
        raise NotImplementedError


PLAIN = Plain("float64", "auto")


def normal(*shape):
    return np.random.default_rng(0).standard_normal(shape)


def test_a_namespace_without_some_functions_is_refused_at_once():
    framework = Plain("float64", "auto")
    framework.xp = types.SimpleNamespace(
        **{name: getattr(np, name) for name in NAMES - {"pad", "max"}}
    )
    with pytest.raises(PluginError, match=r"Plain\.xp: got no max, pad; expected"):
        trainer(SIMPLE, framework)


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


class WithoutConvolutions(Plain):
    def conv(self, x, kernel, /, **_):
        raise NotImplementedError


def test_a_convolution_of_single_pixels_is_a_matrix_product():
    layer = Conv(6, 1)
    values = {"0.kernel": normal(1, 1, 4, 6), "0.bias": normal(6)}
    x = normal(3, 8, 7, 4)
    expected = convolve(layer, constant(x), constant(values["0.kernel"])).value + values["0.bias"]
    made = ForwardPass(WithoutConvolutions("float64", "auto"), values, None, None).run([layer], x)
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("layer", [Conv(6, 1, groups=2), Conv(6, 1, stride=2), Conv(6, 3)])
def test_other_convolutions_are_left_to_the_framework(layer):
    values = {"0.kernel": normal(layer.kernel, layer.kernel, 4 // layer.groups, 6)}
    values["0.bias"] = normal(6)
    network = ForwardPass(WithoutConvolutions("float64", "auto"), values, None, None)
    with pytest.raises(NotImplementedError):
        network.run([layer], normal(3, 8, 7, 4))


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


@pytest.mark.parametrize("sides", [(6, 5), (1, 4), (3, 1)])
def test_a_warp_equals_that_of_the_reference(sides):
    images = normal(4, *sides, 2)
    maps = np.array([1, 0, 0]) + normal(4, 2, 3) * [0.3, 0.3, 2]
    expected = TrackedOps().warp(constant(images), maps).value
    np.testing.assert_allclose(PLAIN.warp(images, maps), expected, rtol=0, atol=1e-12)


def test_a_warp_by_nothing_changes_nothing():
    images = normal(2, 4, 3, 2)
    maps = np.broadcast_to([1.0, 0, 0], (2, 2, 3))
    np.testing.assert_array_equal(PLAIN.warp(images, maps), images)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_an_upsampling_and_an_average_are_the_references(factor):
    images = normal(2, 6, 12, 3)
    np.testing.assert_array_equal(
        PLAIN.upsample(images, factor), upsample(constant(images), factor).value
    )
    np.testing.assert_allclose(
        PLAIN.average_pool(images, factor),
        average_pool(constant(images), factor).value,
        rtol=0,
        atol=1e-15,
    )


def test_the_rectifiers_are_the_references():
    x = np.array([-2.0, -0.0, 0.0, 3.0])
    np.testing.assert_array_equal(PLAIN.relu(x), relu(constant(x)).value)
    np.testing.assert_array_equal(PLAIN.leaky_relu(x, 0.2), leaky_relu(constant(x), 0.2).value)


def test_a_cross_entropy_is_the_references_also_for_large_logits():
    outputs, rows = 500 * normal(5, 3), np.eye(3)[[2, 0, 1, 1, 2]]
    expected = term_value("cross-entropy", constant(outputs), rows).value
    made = PLAIN.cross_entropy(outputs, rows)
    np.testing.assert_allclose(made, expected, rtol=1e-14)


def test_row_products_are_the_products_of_every_two_rows():
    x, y = normal(2, 3, 5), normal(2, 4, 5)
    wanted = x @ y.transpose(0, 2, 1)
    np.testing.assert_allclose(PLAIN.row_products(x, y), wanted, rtol=1e-13)


def test_a_softmax_is_exact_for_large_values():
    values = 1e3 * normal(2, 3, 4)
    wanted = scipy.special.softmax(values, axis=2)
    np.testing.assert_allclose(_softmax(PLAIN, values), wanted, rtol=1e-13)


def test_halves_are_the_first_and_the_second():
    first, second = PLAIN.halves(np.arange(6.0).reshape(6, 1))
    assert first[:, 0].tolist() == [0, 1, 2]
    assert second[:, 0].tolist() == [3, 4, 5]


def test_below_compares_in_the_precision_of_the_numbers():
    third = np.float32(1 / 3)
    numbers = np.array([0.1, third, 0.5], np.float32)
    assert PLAIN.below(numbers, 1 / 3).tolist() == [1, 0, 0]


def test_a_bias_is_added_to_each_channel():
    assert PLAIN.add_bias(np.zeros((1, 1, 2)), np.array([1.0, 2.0])).tolist() == [[[1, 2]]]


def test_a_derivative_by_weights_runs_the_function_again():
    class Differences(Plain):
        """It differentiates squares by their central differences, exactly."""

        def value_and_grad(self, f, weights, /):
            value, extra = f(weights)
            ends = [[f({"w": weights["w"] + s * e})[0] for s in (1, -1)] for e in np.eye(2)]
            return value, extra, {"w": np.array([(up - down) / 2 for up, down in ends])}

    framework, calls = Differences("float64", "auto"), []

    def f(weights):
        calls.append(1)
        return {"square": weights["w"] ** 2, "triple": 3 * weights["w"]}, {"running": 3}

    values, extra, pull = framework.vjp(f, {"w": np.array([1.0, -2.0])})
    found = {name: value.tolist() for name, value in values.items()}
    assert (found, len(calls)) == ({"square": [1, 4], "triple": [3, -6]}, 1)
    assert extra == {"running": 3}
    gradients = {"square": np.array([10.0, 1.0]), "triple": np.array([0.0, 2.0])}
    assert pull(gradients)["w"].tolist() == [20, -4 + 6]
    assert len(calls) > 1


def probability(augment):
    return AdaptiveProbability(augment.target, augment.images, augment.every)


def start_at(p):
    return {"p": np.float64(p), "signs": np.float64(0), "updates": np.float64(0)}


@pytest.mark.parametrize("target", [0.6, -0.5, 0.0])
@pytest.mark.parametrize("start", [0.0, 0.9999, 0.5])
def test_an_adaptive_augmentation_follows_as_the_core_defines_it(start, target):
    augment = Augment(adaptive=True, images=1000, every=2, target=target)
    state = start_at(start)
    logits, signs = [normal(8) + 1, normal(8) - 0.2], 0.0
    for number, real in enumerate(logits):
        state = follow(PLAIN, probability(augment), state, real, real)
        signs += np.sign(real).mean()
        assert number or state["p"] == start
    assert state["p"] == augment.moved(start, signs, 2, 8)
    assert state["signs"] == state["updates"] == 0


def test_a_probability_stays_in_its_interval():
    augment = Augment(adaptive=True, images=1000, every=1, target=0.0)
    for start, logit in ((0.9999, 1.0), (0.0001, -1.0)):
        reals = np.full(8, logit)
        moved = follow(PLAIN, probability(augment), start_at(start), reals, reals)
        assert moved["p"] == round(start)


def test_the_mean_of_the_signs_is_compared_with_the_target():
    """Of 2 updates with a mean of 1/2, it is below 0.6; their sum is above."""
    augment = Augment(adaptive=True, images=1000, every=2, target=0.6)
    state, reals = start_at(0.5), np.array([1.0, 1, 1, -1])
    for _ in range(2):
        state = follow(PLAIN, probability(augment), state, reals, reals)
    assert state["p"] == 0.5 - 4 * 2 / 1000


def test_at_the_target_the_probability_stays_after_three_updates():
    follower = AdaptiveProbability(target=0.5, images=1000, every=3)
    state, reals = start_at(0.25), np.array([1.0, 1, 1, -1])
    for updates in (1, 2, 0):
        state = follow(PLAIN, follower, state, reals, reals)
        assert state == {"p": 0.25, "signs": 0.5 * updates, "updates": updates}


def test_softplus_and_sigmoid_are_exact_for_large_values():
    x = np.array([-1000.0, -40.0, -1e-3, 0.0, 1e-3, 40.0, 1000.0])
    np.testing.assert_allclose(PLAIN.softplus(x), np.logaddexp(x, 0), rtol=1e-15)
    below = np.exp(-np.abs(x))
    expected = np.where(x < 0, below, 1) / (1 + below)
    np.testing.assert_allclose(PLAIN.sigmoid(x), expected, rtol=1e-13)


@pytest.mark.parametrize("largest", [-1e4, 0.0, 3.5, 1e4])
def test_logsumexp_is_exact_for_large_values(largest):
    x = largest + np.array([-800.0, -1.0, 0.0, -0.25])
    expected = largest + np.log(np.exp(x - largest).sum())
    np.testing.assert_allclose(PLAIN.logsumexp(x), expected, rtol=1e-15)


def test_a_condition_computes_one_branch_only():
    assert PLAIN.cond(0.5, lambda: "due", pytest.fail) == "due"
    assert PLAIN.cond(0.0, pytest.fail, lambda: "not due") == "not due"


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize(("axis", "shape"), [(0, (7,)), (0, (2, 3)), (1, (4,)), (2, (5,))])
def test_rows_are_taken_in_the_dtype_of_the_array(axis, shape, dtype):
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, (6, 5, 4)).astype(dtype)
    index = generator.integers(0, x.shape[axis], shape)
    for positions in (index, index.astype(np.uint8)):
        made = PLAIN.take(x, positions, axis=axis)
        assert made.dtype == dtype
        np.testing.assert_array_equal(made, np.take(x, index, axis=axis))


def test_the_functions_of_a_namespace_are_these():
    """A backend's namespace is written for this list: an addition breaks third-party backends."""
    assert sorted(NAMES) == [
        "broadcast_to", "clip", "concatenate", "exp", "log", "log1p", "matmul", "max",
        "mean", "ones_like", "pad", "reshape", "sqrt", "square", "sum", "tanh", "where",
        "zeros_like",
    ]  # fmt: skip


def test_what_is_no_layer_is_refused():
    with pytest.raises(TypeError, match=r"expected one of gankit\.layers"):
        ForwardPass(PLAIN, {}).run([object()], normal(2, 3))
