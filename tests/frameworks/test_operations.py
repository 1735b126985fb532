"""Each operation that a framework overrides equals its default, with two derivatives.

The frameworks are those of the backends under test; tests/run.py runs this in the process of each.
Everything is float64. The second derivative is the mixed one that penalties take: by weights that
are added to the arguments, of the derivative by the first argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pytest

from gankit.functional import Framework, updated
from gankit.optimizers import SGD, Adam, RMSprop, initial_state
from tests.selection import selected


def torch_operations():
    import torch
    from gankit_torch.operations import TorchOperations

    class OfTorch(TorchOperations, Framework):
        """The operations of the backend `torch`, whose trainer differentiates by itself."""

        def numpy(self, tensor, /):
            return tensor.detach().numpy()

        def value_and_grad(self, f, weights, /):
            leaves = {name: w.detach().requires_grad_() for name, w in weights.items()}
            value, extra = f(leaves)
            found = torch.autograd.grad(value, list(leaves.values()))
            return value, extra, dict(zip(leaves, found, strict=True))

    return OfTorch("float64", "cpu")


def keras_framework():
    import gankit_keras.keras_import  # noqa: F401 - it brings Keras in quietly.
    import keras

    match keras.backend.backend():
        case "tensorflow":
            from gankit_keras.tensorflow_framework import TensorFlow as Found
        case "jax":
            from gankit_keras.jax_framework import Jax as Found
        case "torch":
            from gankit_keras.torch_framework import Torch as Found
    return Found("float64", "cpu")


def jax_framework():
    from gankit_jax.framework import Jax

    return Jax("float64", "cpu")


def autograd_framework():
    from gankit_autograd.framework import Autograd

    return Autograd("float64", "cpu")


FRAMEWORKS: dict[str, Callable[[], Framework]] = {
    "torch": torch_operations,
    "keras": keras_framework,
    "jax": jax_framework,
    "autograd": autograd_framework,
}


@pytest.fixture(scope="module", params=FRAMEWORKS)
def framework(request):
    if not selected(request.param):
        pytest.skip(f"{request.param} is not under test")
    return FRAMEWORKS[request.param]()


WHOLE = ("OfTorch", "TensorFlow")
"""Those whose networks take labels and offsets as whole numbers."""


class Call(NamedTuple):
    """Arguments of an operation.

    Attributes
    ----------
    arrays
        Those that it is differentiated by; the first is that of penalties.
    more
        Those after them; `Rows` are arrays that some frameworks take in another form.
    options
        Its keyword arguments.
    """

    arrays: tuple[np.ndarray, ...]
    more: tuple[object, ...] = ()
    options: Mapping[str, int] = MappingProxyType({})


class Rows(NamedTuple):
    """Labels or offsets: as defaults take them, and as whole numbers."""

    plain: np.ndarray
    whole: np.ndarray


def normal(*shape):
    return np.random.default_rng(0).standard_normal(shape)


POINTS = np.array([-1000.0, -40.0, -30.0, -1.5, -1e-3, -0.0, 0.0, 1e-3, 0.7, 30.0, 40.0, 1000.0])
LABELS, OFFSETS = np.array([2, 0, 1, 2]), np.array([[0, 0], [2, -1], [-3, 4], [7, -6]])
LABEL_ROWS = Rows(np.eye(3)[LABELS], LABELS)
IMAGES = normal(4, 6, 5, 2)
MAPS = np.array([[1, 0, 0], [1, 0, 0]]) + 0.4 * normal(4, 2, 3)
"""Scales, shears and shifts that reach beyond the edges."""
CALLS: dict[str, list[Call]] = {
    "softplus": [Call((POINTS,))],
    "sigmoid": [Call((POINTS,))],
    "relu": [Call((POINTS,))],
    "leaky_relu": [Call((POINTS,), (slope,)) for slope in (0.2, 0.0, 1.0)],
    "add_bias": [Call((normal(3, 2), normal(2))), Call((IMAGES, normal(2)))],
    "upsample": [Call((IMAGES,), (factor,)) for factor in (1, 2, 3)],
    "average_pool": [Call((normal(2, 6, 12, 3),), (size,)) for size in (1, 2, 3)],
    "cross_entropy": [
        Call((normal(4, 3),), (LABEL_ROWS,)),
        Call((np.zeros((4, 3)),), (LABEL_ROWS,)),
        Call((np.array([[1000.0, -1000, 0], [0, 0, 0], [1000, 999, 1], [-1000, -1000, 0]]),),
             (LABEL_ROWS,)),
    ],
    "transpose": [Call((IMAGES,))],
    "row_products": [Call((normal(3, 4, 2), normal(3, 5, 2)))],
    "column_products": [Call((normal(3, 5, 4, 6), normal(3, 6, 5, 2)))],
    "halves": [Call((normal(6, 2),))],
    "conv": [
        Call((normal(3, 8, 6, 4), normal(side, side, 4 // groups, 6)), (),
             {"stride": stride, "padding": padding, "groups": groups})
        for side, stride, padding in ((1, 1, 0), (3, 1, 1), (4, 2, 1), (3, 2, 2), (2, 3, 0))
        for groups in (1, 2)
    ],
    "conv_transpose": [
        Call((normal(3, 5, 4, 4), normal(side, side, 4, 6)), (),
             {"stride": stride, "padding": padding})
        for side, stride, padding in ((2, 2, 0), (4, 2, 1), (3, 1, 1), (3, 3, 2))
    ],
    "shift": [Call((IMAGES,), (Rows(OFFSETS.astype(float), OFFSETS),))],
    "warp": [Call((IMAGES,), (Rows(MAPS, MAPS),)), Call((IMAGES[:, :, :1],), (Rows(MAPS, MAPS),))],
    "mean": [Call((IMAGES,))],
    "mean_over": [Call((IMAGES,), (axes,)) for axes in ((3,), (1, 2, 3))],
}  # fmt: skip
"""For each operation that is differentiated, calls at ordinary points and, where the default has a
special case, at 0 and at large values."""
OVERFLOWS = {("OfTorch", "softplus", "second derivative by argument 0")}
"""Derivatives that are NaN far below 0, as the docstring of the override says."""
OTHERS = {"vjp", "cond", "compile", "scan", "apply", "take", "length"}
"""Methods of a framework that have tests of their own below."""


def overridden(framework):
    """Return the methods with a default that a framework defines itself."""
    names = {name for name in dir(Framework) if not name.startswith("_")}
    names -= Framework.__abstractmethods__ | {"xp"}
    return {n for n in names if getattr(type(framework), n) is not getattr(Framework, n)}


def test_every_override_is_compared(framework):
    assert overridden(framework) - CALLS.keys() - OTHERS == set(), "add calls or a test"


@pytest.mark.parametrize("name", CALLS)
def test_an_override_is_its_default_with_two_derivatives(framework, name):
    if name not in overridden(framework):
        pytest.skip(f"{type(framework).__name__} uses the default of {name}")
    whole = type(framework).__name__ in WHOLE
    for call in CALLS[name]:
        own = derivatives(framework, getattr(framework, name), call, whole=whole)
        default = partial(getattr(Framework, name), framework)
        for what, expected in derivatives(framework, default, call, whole=False).items():
            if (type(framework).__name__, name, what) in OVERFLOWS:
                expected[call.arrays[0] < -700] = np.nan
            np.testing.assert_allclose(
                own[what], expected, rtol=1e-12, atol=1e-12, err_msg=f"{what} of {name}, {call}"
            )


def derivatives(framework, operation, call, *, whole):
    """Return the value of a call, and its first and second derivatives, by name."""
    xp = framework.xp
    more = [framework.array(m[whole]) if isinstance(m, Rows) else m for m in call.more]
    tensors = [framework.array(a) for a in call.arrays]

    def f(*tensors):
        made = operation(*tensors, *more, **call.options)
        return xp.concatenate(list(made)[::-1], axis=0) if isinstance(made, tuple) else made

    value = framework.numpy(f(*tensors))
    upstream, direction = (
        framework.array(1 + normal(*shape)) for shape in (value.shape, tensors[0].shape)
    )
    weights = {f"argument {i}": tensor for i, tensor in enumerate(tensors)}

    def first(weights):
        return xp.sum(f(*weights.values()) * upstream), ()

    def second(added):
        w, *_ = added.values()
        others = [t + w for t, w in zip(tensors, added.values(), strict=True)][1:]
        _, _, pull = framework.input_vjp(lambda x: (f(x + w, *others), {}), tensors[0])
        # The squares, of zeros, let the sum depend on every weight.
        squares = [xp.sum(xp.square(w)) for w in added.values()]
        return xp.sum(pull(upstream) * direction) + sum(squares[1:], squares[0]), ()

    zeros = {name: xp.zeros_like(tensor) for name, tensor in weights.items()}
    _, _, once = framework.value_and_grad(first, weights)
    _, _, twice = framework.value_and_grad(second, zeros)
    return {
        "value": value,
        **{f"first derivative by {n}": framework.numpy(g) for n, g in once.items()},
        **{f"second derivative by {n}": framework.numpy(g) for n, g in twice.items()},
    }


@pytest.mark.parametrize("shape", [(3,), ()], ids=["vector", "scalar"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("number", [0.1, np.array(0.1)], ids=["float", "on the device"])
def test_a_scale_is_rounded_to_the_precision_of_the_tensor(framework, number, dtype, shape):
    x = np.asarray(normal(*shape), dtype)
    given = framework.array(number) if isinstance(number, np.ndarray) else number
    scaled = framework.numpy(framework.scale(given, framework.array(x)))
    assert scaled.dtype == dtype
    np.testing.assert_array_equal(scaled, np.asarray(0.1, dtype) * x)


def skip_unless(framework, name):
    if name not in overridden(framework):
        pytest.skip(f"{type(framework).__name__} does not define {name}")


def test_a_derivative_by_weights_is_that_of_two_passes(framework):
    skip_unless(framework, "vjp")
    xp = framework.xp
    weights = {name: framework.array(normal(3)) for name in ("used", "unused")}
    upstream = framework.array(np.array([1.0, -2.0, 0.5]))

    def f(weights):
        return {"made": xp.tanh(weights["used"])}, {"running": (weights["used"] * 2,)}

    own, default = (vjp(f, weights) for vjp in (framework.vjp, partial(Framework.vjp, framework)))
    for values, extra, pull in (own, default):
        np.testing.assert_allclose(framework.numpy(values["made"]), np.tanh(normal(3)), rtol=1e-15)
        np.testing.assert_array_equal(framework.numpy(extra["running"][0]), 2 * normal(3))
        gradients = {name: framework.numpy(g) for name, g in pull({"made": upstream}).items()}
        expected = (1 - np.tanh(normal(3)) ** 2) * [1, -2, 0.5]
        np.testing.assert_allclose(gradients["used"], expected, rtol=1e-14)
        np.testing.assert_array_equal(gradients["unused"], np.zeros(3))


def test_a_length_is_the_number_of_rows(framework):
    skip_unless(framework, "length")
    x = framework.array(normal(4, 3))
    assert int(framework.numpy(framework.length(x))) == Framework.length(framework, x) == 4


@pytest.mark.parametrize("flag", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("on_device", [False, True])
def test_a_condition_chooses_as_its_default(framework, flag, on_device):
    skip_unless(framework, "cond")
    x = framework.array(normal(3))
    given = framework.array(np.array(flag)) if on_device else flag
    own, default = (
        cond(given, lambda: (2 * x, {"more": x}), lambda: (3 * x, {"more": -x}))
        for cond in (framework.cond, partial(Framework.cond, framework))
    )
    np.testing.assert_array_equal(framework.numpy(own[0]), framework.numpy(default[0]))
    np.testing.assert_array_equal(
        framework.numpy(own[1]["more"]), framework.numpy(default[1]["more"])
    )


@pytest.mark.parametrize("consumes", [False, True])
def test_a_compiled_function_computes_the_same(framework, consumes):
    skip_unless(framework, "compile")

    def f(state, number):
        return {"x": state["x"] * number}, state["x"] - number

    compiled = framework.compile(f, consumes=consumes)
    for _ in range(2):
        state, rest = compiled({"x": framework.array(normal(3))}, 2.5)
        np.testing.assert_allclose(framework.numpy(state["x"]), normal(3) * 2.5, rtol=1e-15)
        np.testing.assert_allclose(framework.numpy(rest), normal(3) - 2.5, rtol=1e-15)


def test_a_scan_is_a_loop(framework):
    skip_unless(framework, "scan")
    rows = {"a": framework.array(normal(4, 2)), "b": framework.array(np.arange(4.0))}

    def step(state, row):
        after = {"x": state["x"] * row["b"] + row["a"]}
        return after, (after["x"], row["b"])

    last, outputs = framework.scan(step, {"x": framework.array(np.ones(2))}, rows)
    x, made = np.ones(2), []
    for a, b in zip(normal(4, 2), np.arange(4.0), strict=True):
        made.append(x := x * b + a)
    np.testing.assert_allclose(framework.numpy(last["x"]), x, rtol=1e-14)
    np.testing.assert_allclose(framework.numpy(outputs[0]), made, rtol=1e-14)
    np.testing.assert_array_equal(framework.numpy(outputs[1]), np.arange(4.0))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize(("axis", "shape"), [(0, (7,)), (0, (2, 3)), (2, (4,))])
def test_rows_are_those_of_the_default(framework, axis, shape, dtype):
    skip_unless(framework, "take")
    x = framework.array(np.arange(120).reshape(6, 5, 4).astype(dtype))
    index = framework.array(np.random.default_rng(0).integers(0, x.shape[axis], shape))
    own = framework.numpy(framework.take(x, index, axis=axis))
    default = framework.numpy(Framework.take(framework, x, index, axis=axis))
    assert own.dtype == default.dtype == dtype
    np.testing.assert_array_equal(own, default)


@pytest.mark.parametrize("clip", [None, 0.5])
@pytest.mark.parametrize("kind", [SGD, RMSprop, Adam])
def test_an_update_of_weights_is_that_of_updated(framework, kind, clip):
    skip_unless(framework, "apply")
    optimizer = kind(0.1, clip=clip)
    scalars = {
        "learning_rate": framework.array(np.array(0.1)),
        "beta2": framework.array(np.array(0.9)),
    }
    arrays = {"0.kernel": normal(3, 2), "0.bias": np.zeros(2)}
    slots = {n: np.asarray(a, np.float64) for n, a in initial_state(optimizer, arrays).items()}
    own, default = (
        ({n: as_tensor(a) for n, a in arrays.items()}, {n: as_tensor(a) for n, a in slots.items()})
        for as_tensor in (variable, framework.array)
    )
    for step in range(3):
        gradients = {n: framework.array(a + step) for n, a in arrays.items()}
        own = framework.apply(optimizer, own[0], gradients, own[1], scalars)
        default = updated(framework, optimizer, default[0], gradients, default[1], scalars)
        for mine, expected in zip(own, default, strict=True):
            assert mine.keys() == expected.keys()
            for name in expected:
                np.testing.assert_allclose(
                    framework.numpy(mine[name]),
                    framework.numpy(expected[name]),
                    rtol=1e-12,
                    atol=1e-15,
                )


def variable(array):
    """Return a variable, which TensorFlow's `apply` writes into."""
    import tensorflow as tf

    return tf.Variable(array)
