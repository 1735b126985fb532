"""The reference's first and second derivatives and its layers, compared with formulas and loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from gankit_numpy import operations as op
from gankit_numpy.networks import Inference, Sequential
from gankit_numpy.ops import TrackedOps
from gankit_numpy.tape import constant, expand, gradients, named_gradients, sum_to, variable

from gankit import layers
from gankit.contract import LabelFormat
from gankit.errors import ConfigError
from gankit.layers import (
    AveragePool,
    BatchNorm,
    Conv,
    ConvTranspose,
    Dense,
    Embedding,
    Flatten,
    LayerNorm,
    LeakyReLU,
    Projection,
    Residual,
    Tanh,
    Upsample,
)

LABELS = np.array([2, 0, 2, 1])
OFFSETS = np.array([[1, -2], [0, 3], [-9, 1]])
SHIFTS = (3, 5, 4, 2)
BETWEEN = np.random.default_rng(1).uniform(-1, 6, SHIFTS[:3])
OPERATIONS = {
    "add": (lambda a, b: a + b, (3, 4), (4,)),
    "subtract": (lambda a, b: a - b, (2, 1, 3), (2, 4, 1)),
    "subtract-from-a-number": (lambda a: 2.5 - a, (3,)),
    "multiply": (lambda a, b: a * b, (3, 4), (3, 1)),
    "multiply-by-itself": (lambda a: a * a * a, (3,)),
    "divide": (lambda a, b: a / (3 + b * b), (3, 4), (4,)),
    "divide-a-number": (lambda a: 2.0 / (2 + a * a), (3,)),
    "power": (lambda a: (a * a + 1) ** -0.5, (4,)),
    "square-root": (lambda a: (a * a + 0.5) ** 0.5, (4,)),
    "expand": (lambda a: expand(a, (2, 3, 4)), (3, 1)),
    "sum-to": (lambda a: sum_to(a, (3, 1)), (2, 3, 4)),
    "matmul": (op.matmul, (3, 4), (4, 2)),
    "matmul-of-stacks": (op.matmul, (2, 3, 4), (2, 4, 5)),
    "affine": (op.affine, (3, 4), (4, 2), (2,)),
    "transpose": (lambda a: op.transpose(a, (2, 0, 1)), (2, 3, 4)),
    "reshape": (lambda a: op.reshape(a, (4, -1)), (2, 3, 2)),
    "sum-over": (lambda a: op.sum_over(a, (1,)), (2, 3, 2)),
    "mean-over": (lambda a: op.mean_over(a, (0, 2)), (2, 3, 2)),
    "mean-over-kept": (lambda a: op.mean_over(a, (0, 2), keep=True), (2, 3, 2)),
    "mean": (op.mean, (2, 3)),
    "tanh": (op.tanh, (4,)),
    "sigmoid": (op.sigmoid, (4,)),
    "absolute": (op.absolute, (4,)),
    "softplus": (op.softplus, (4,)),
    "exp": (op.exp, (4,)),
    "log": (lambda a: op.log(a * a + 1), (4,)),
    "softmax": (op.softmax, (2, 3, 4)),
    "logsumexp": (op.logsumexp, (3, 4)),
    "logsumexp-of-all": (op.logsumexp_of_all, (5,)),
    "relu": (op.relu, (4, 5)),
    "leaky-relu": (lambda a: op.leaky_relu(a, 0.2), (4, 5)),
    "concatenate": (lambda a, b: op.concatenate([a, b, a], 1), (2, 3), (2, 2)),
    "slices": (
        lambda a: op.set_slice(op.get_slice(a, (slice(1, None, 2), 0)), (1,), (2, 2)),
        (4, 3),
    ),
    "pad-and-crop": (lambda a: op.crop(op.pad(a, 3), 1), (2, 3, 2, 2)),
    "rows": (lambda a: op.rows(a, LABELS), (3, 2)),
    "scatter": (lambda a: op.scatter(a, LABELS, 3), (4, 2)),
    "patches": (lambda a: op.patches(a, 2, 2), (2, 5, 4, 3)),
    "fold": (lambda a: op.fold(a, 2, (7, 6)), (2, 3, 2, 3, 3, 2)),
    "shift": (lambda a: op.shift(a, OFFSETS), SHIFTS),
    "interpolate": (lambda a: op.interpolate(a, BETWEEN, 1), SHIFTS),
    "spread": (lambda a: op.spread(a, BETWEEN, 2), SHIFTS),
}
KINDS = [pytest.param(*case[:1], case[1:], id=name) for name, case in OPERATIONS.items()]
HIDDEN = {
    "dense": (Dense(3, spectral=True), Tanh(), Flatten()),
    "conv": (layers.Reshape((3, 2, 2)), Conv(2, 2, stride=2, padding=1, groups=2), Flatten()),
    "conv-transpose": (layers.Reshape((2, 3, 2)), ConvTranspose(2, 3, stride=2), Flatten()),
    "resize": (layers.Reshape((3, 2, 2)), Upsample(2), AveragePool(2), Flatten()),
    "batch-norm": (BatchNorm(0.9, 1e-3),),
    "layer-norm": (layers.Reshape((3, 2, 2)), LayerNorm(1e-3), Flatten()),
    "blur": (layers.Reshape((2, 2, 3)), layers.BlurUpsample(), layers.BlurPool(), Flatten()),
    "minibatch-std": (layers.Reshape((3, 2, 2)), layers.MinibatchStd(2, 0.9, 1e-3), Flatten()),
    "attention": (layers.Reshape((3, 2, 2)), layers.SelfAttention(2, gain=2.0), Flatten()),
    "reconstruction": (Residual((Tanh(), layers.ReconstructionLogit()), (Dense(1),)), Dense(2)),
    "embedding": (Embedding(2),),
    "residual": (Residual((Dense(12), Tanh())),),
    "projection": (Dense(4), Projection(spectral=True)),
}


def arrays(*shapes, seed=0):
    random = np.random.default_rng(seed)
    return [random.standard_normal(shape) for shape in shapes]


def slopes(function, values, step):
    """Return central differences of a scalar function of arrays, one array for each."""
    found = [np.zeros_like(value) for value in values]
    for slope, value in zip(found, values, strict=True):
        for place in np.ndindex(value.shape):
            kept = value[place]
            ends = []
            for moved in (kept + step, kept - step):
                value[place] = moved
                ends.append(function(values))
            value[place] = kept
            slope[place] = (ends[0] - ends[1]) / (2 * step)
    return found


def first(formula, values, differentiable=False):
    """Return variables for `values` and the gradients of a scalar made of them."""
    inputs = [variable(value) for value in values]
    return inputs, gradients(formula(*inputs), inputs, differentiable=differentiable)


def bent(operation, weights):
    """Return a scalar with curvature: then also a sum has second derivatives."""

    def formula(*inputs):
        made = operation(*inputs)
        return op.total(made * made * weights + made)

    return formula


def scalar_of(operation, values):
    made = operation(*map(constant, values)).value
    return bent(operation, np.random.default_rng(9).standard_normal(made.shape))


@pytest.mark.parametrize(("operation", "shapes"), KINDS)
def test_the_first_derivative_equals_finite_differences(operation, shapes):
    values = arrays(*shapes)
    formula = scalar_of(operation, values)
    wanted = slopes(lambda v: float(formula(*map(constant, v)).value), values, 1e-6)
    for found, slope in zip(first(formula, values)[1], wanted, strict=True):
        np.testing.assert_allclose(found.value, slope, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("operation", "shapes"), KINDS)
def test_the_second_derivative_equals_finite_differences_of_the_first(operation, shapes):
    values = arrays(*shapes)
    formula = scalar_of(operation, values)
    directions = arrays(*shapes, seed=5)

    def along(found):
        return sum(op.total(g * d) for g, d in zip(found, directions, strict=True))

    inputs, once = first(formula, values, differentiable=True)
    wanted = slopes(lambda v: float(along(first(formula, v)[1]).value), values, 1e-6)
    assert any(slope.any() for slope in wanted)
    for found, slope in zip(gradients(along(once), inputs), wanted, strict=True):
        np.testing.assert_allclose(found.value, slope, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", HIDDEN)
def test_layers_can_be_differentiated_twice(layer):
    spec = HIDDEN[layer] if layer == "projection" else (*HIDDEN[layer], Dense(1))
    network, (images, direction) = built(spec, (12,)), arrays((4, 12), (4, 12))

    def slope(values):
        inputs = variable(values)
        made = op.softplus(training_outputs(network, inputs))
        return inputs, gradients(op.total(made * made), [inputs], differentiable=True)[0]

    inputs, once = slope(images)
    (found,) = gradients(op.total(once * direction), [inputs])
    (wanted,) = slopes(lambda v: float(op.total(slope(v[0])[1] * direction).value), [images], 1e-6)
    np.testing.assert_allclose(found.value, wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("layer", HIDDEN)
def test_gradients_of_a_penalty_equal_finite_differences(layer):
    """The mixed derivative of a gradient penalty, also through batch statistics."""
    spec = HIDDEN[layer] if layer == "projection" else (*HIDDEN[layer], Tanh(), Dense(1))
    network, (images,) = built(spec, (12,)), arrays((4, 12))

    def penalty(weights):
        inputs = variable(images)
        made = training_outputs(network, inputs, weights)
        (slope,) = gradients(op.total(op.tanh(made)), [inputs], differentiable=True)
        return op.mean(op.sum_over(slope * slope, (1,)))

    # Spectral norm's vector, a constant to the gradient, moves with a kernel that moves; once it
    # has settled on the largest singular value, that no longer shows in a difference.
    for _ in range(500):
        network.values.update(settled(network, images))
    weights = network.variables()
    found = named_gradients(penalty(weights), weights)
    wanted = slopes(lambda _: float(penalty({}).value), list(network.weights.values()), 1e-6)
    for name, slope in zip(weights, wanted, strict=True):
        np.testing.assert_allclose(found[name], slope, rtol=1e-4, atol=1e-7, err_msg=name)


def test_gradients_of_unused_inputs_are_zero():
    a, b = map(variable, arrays((2,), (3,)))
    assert not gradients(op.total(a), [b])[0].value.any()


def test_no_gradient_is_computed_for_unrequested_inputs():
    pulled = []
    a, b = map(variable, arrays((2,), (2,)))
    spied = type(a)(b.value, (b, lambda g: pulled.append(g) or g))
    gradients(op.total(a * spied), [a])
    assert not pulled
    gradients(op.total(a * spied), [b])
    assert pulled


def test_constants_record_no_graph():
    made = op.tanh(op.matmul(*map(constant, arrays((2, 3), (3, 2)))))
    assert not made.live
    assert made.parents == ()


def test_a_value_used_twice_sums_both_gradients():
    (x,) = map(variable, arrays((3,)))
    y = op.tanh(x)
    found = gradients(op.total(y * 2.0) + op.total(y * y), [x, y])
    np.testing.assert_allclose(found[1].value, 2 + 2 * y.value)
    np.testing.assert_allclose(found[0].value, found[1].value * (1 - y.value**2))


def test_a_deep_graph_needs_no_recursion():
    x = y = variable(np.ones(()))
    for _ in range(20_000):
        y = y + 1e-3
    assert gradients(y, [x])[0].value == 1


def test_numpy_numbers_do_not_change_the_precision():
    made = np.float64(2) * variable(np.ones(3, np.float32)) - np.float64(1)
    assert made.value.dtype == np.float32


def test_softplus_and_its_derivatives_are_exact_for_large_values():
    x = variable(np.array([-800.0, -40.0, 40.0, 800.0]))
    made = op.softplus(x)
    np.testing.assert_array_equal(made.value, np.logaddexp(x.value, 0))
    (slope,) = gradients(op.total(made), [x], differentiable=True)
    np.testing.assert_allclose(slope.value, [0, 0, 1, 1], atol=1e-15)
    assert np.isfinite(gradients(op.total(slope), [x])[0].value).all()


@pytest.mark.parametrize(("side", "stride"), [(1, 1), (3, 1), (2, 2), (3, 2), (2, 3)])
def test_fold_is_the_adjoint_of_patches(side, stride):
    images, _ = arrays((2, 7, 6, 3), ())
    squares = op.patches(constant(images), side, stride).value
    (others,) = arrays(squares.shape, seed=1)
    folded = op.fold(constant(others), stride, (7, 6)).value
    assert np.vdot(squares, others) == pytest.approx(np.vdot(images, folded), rel=1e-12)


def test_scatter_is_the_adjoint_of_rows():
    table, others = arrays((3, 2), (4, 2))
    gathered, scattered = op.rows(constant(table), LABELS), op.scatter(constant(others), LABELS, 3)
    assert np.vdot(gathered.value, others) == pytest.approx(np.vdot(table, scattered.value))


def test_shift_moves_down_and_right():
    (images,) = arrays(SHIFTS)
    found = TrackedOps().shift(constant(images), OFFSETS).value
    for n, i, j in np.ndindex(*SHIFTS[:3]):
        a, b = i - OFFSETS[n, 0], j - OFFSETS[n, 1]
        inside = 0 <= a < SHIFTS[1] and 0 <= b < SHIFTS[2]
        np.testing.assert_array_equal(found[n, i, j], images[n, a, b] if inside else 0)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "groups"),
    [(1, 1, 0, 1), (3, 1, 1, 1), (4, 2, 1, 2), (3, 2, 2, 1), (2, 3, 0, 2), (3, 1, 0, 4)],
)
def test_conv_equals_its_formula(kernel, stride, padding, groups):
    layer = Conv(4, kernel, stride, padding, groups)
    network, (images,) = built((layer,), (6, 5, 4)), arrays((2, 6, 5, 4))
    weight, bias = (network.values[f"0.{role}"] for role in ("kernel", "bias"))
    found = network.forward(images)
    assert found.shape[1:] == layers.layer_shape(layer, (6, 5, 4))
    for n, i, j, o in np.ndindex(found.shape):
        wanted = bias[o]
        for a, b, c in np.ndindex(kernel, kernel, 4 // groups):
            down, across = i * stride + a - padding, j * stride + b - padding
            if 0 <= down < 6 and 0 <= across < 5:
                channel = c + o // (4 // groups) * (4 // groups)
                wanted += images[n, down, across, channel] * weight[a, b, c, o]
        assert found[n, i, j, o] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(1, 1, 0), (4, 2, 1), (3, 1, 2), (2, 3, 0)]
)
def test_conv_transpose_equals_its_formula(kernel, stride, padding):
    layer = ConvTranspose(3, kernel, stride, padding)
    network, (images,) = built((layer,), (4, 5, 2)), arrays((2, 4, 5, 2))
    weight, bias = (network.values[f"0.{role}"] for role in ("kernel", "bias"))
    wanted = np.zeros((2, *layers.layer_shape(layer, (4, 5, 2)))) + bias
    for n, i, j, c, a, b in np.ndindex(*images.shape, kernel, kernel):
        down, across = i * stride + a - padding, j * stride + b - padding
        if 0 <= down < wanted.shape[1] and 0 <= across < wanted.shape[2]:
            wanted[n, down, across] += images[n, i, j, c] * weight[a, b, c]
    np.testing.assert_allclose(network.forward(images), wanted, atol=1e-12)


def test_upsample_repeats_and_average_pool_averages():
    (images,) = arrays((2, 4, 6, 3))
    larger = built((Upsample(3),), (4, 6, 3)).forward(images)
    np.testing.assert_array_equal(larger, images.repeat(3, axis=1).repeat(3, axis=2))
    smaller = built((AveragePool(2),), (4, 6, 3)).forward(images)
    for i, j in np.ndindex(2, 3):
        square = images[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        np.testing.assert_allclose(smaller[:, i, j], square.mean(axis=(1, 2)))


@pytest.mark.parametrize("shape", [(4,), (3, 2, 4)])
def test_batch_norm_uses_batch_statistics_in_training(shape):
    network, (images,) = built((BatchNorm(0.8, 1e-3),), shape), arrays((5, *shape))
    axes = tuple(range(images.ndim - 1))
    values = {name: value.copy() for name, value in network.values.items()}
    mean, variance = images.mean(axis=axes), images.var(axis=axes)
    made, moved = network.run(constant(images), None, keeps, {})
    normal = (images - mean) / np.sqrt(variance + 1e-3)
    np.testing.assert_allclose(made.value, values["0.gamma"] * normal + values["0.beta"])
    np.testing.assert_allclose(moved["0.mean"], 0.8 * values["0.mean"] + 0.2 * mean)
    np.testing.assert_allclose(moved["0.variance"], 0.8 * values["0.variance"] + 0.2 * variance)
    normal = (images - values["0.mean"]) / np.sqrt(values["0.variance"] + 1e-3)
    wanted = values["0.gamma"] * normal + values["0.beta"]
    np.testing.assert_allclose(network.forward(images), wanted)
    assert all((network.values[name] == values[name]).all() for name in values)


@pytest.mark.parametrize("shape", [(4,), (3, 2, 4)])
def test_layer_norm_uses_each_images_statistics(shape):
    network, (images,) = built((LayerNorm(1e-3),), shape), arrays((5, *shape))
    axes = tuple(range(1, images.ndim))
    centred = images - images.mean(axis=axes, keepdims=True)
    normal = centred / np.sqrt(images.var(axis=axes, keepdims=True) + 1e-3)
    wanted = network.values["0.gamma"] * normal + network.values["0.beta"]
    np.testing.assert_allclose(network.forward(images), wanted)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Dense(3, spectral=True), (4,)),
        (Conv(4, 3, groups=2, spectral=True), (4, 4, 2)),
        (ConvTranspose(4, 2, spectral=True), (3, 3, 2)),
    ],
)
def test_spectral_norm_divides_by_the_estimate_of_one_power_iteration(layer, shape):
    network, (images,) = built((layer,), shape), arrays((2, *shape))
    kernel, u = network.values["0.kernel"], network.values["0.kernel_u"]
    matrix = kernel.reshape(-1, kernel.shape[-1])
    v = matrix @ u / np.linalg.norm(matrix @ u)
    stepped = matrix.T @ v / np.linalg.norm(matrix.T @ v)
    made, moved = network.run(constant(images), None, keeps, {})
    np.testing.assert_allclose(moved["0.kernel_u"], stepped)
    for vector, found in ((stepped, made.value), (u, network.forward(images))):
        divided = kernel / np.linalg.norm(matrix @ vector)
        plain = Sequential(network.spec, {**network.values, "0.kernel": divided})
        plain.spec = (type(layer)(**{**vars(layer), "spectral": False}),)
        np.testing.assert_allclose(found, plain.forward(images), atol=1e-12)


def test_spectral_norm_finds_the_largest_singular_value():
    network, (images,) = built((Dense(3, bias=False, spectral=True),), (4,)), arrays((2, 4))
    for _ in range(200):
        network.values.update(settled(network, images))
    largest = np.linalg.svd(network.values["0.kernel"])[1][0]
    found = network.forward(images)
    np.testing.assert_allclose(found, images @ network.values["0.kernel"] / largest, atol=1e-9)


def test_a_projection_adds_the_product_with_the_class_vector():
    network, (images,) = built((Projection(),), (5,)), arrays((4, 5))
    kernel, bias, table = (network.values[f"0.{r}"] for r in ("kernel", "bias", "embedding"))
    wanted = images @ kernel[:, 0] + bias + (images * table[LABELS]).sum(axis=1)
    np.testing.assert_allclose(network.forward(images, LABELS)[:, 0], wanted)


@pytest.mark.parametrize("shape", [(5,), (2, 3, 5)])
def test_an_embedding_is_concatenated_to_its_input(shape):
    network, (images,) = built((Embedding(2),), shape), arrays((4, *shape))
    found = network.forward(images, LABELS)
    np.testing.assert_array_equal(found[..., :5], images)
    for n, place in itertools.product(range(4), np.ndindex(shape[:-1])):
        row = network.values["0.embedding"][LABELS[n]]
        np.testing.assert_array_equal(found[(n, *place)][5:], row)


def test_a_residual_block_adds_its_shortcut():
    spec = (Residual((Dense(3), LeakyReLU(0.2), Dense(2)), (Dense(2, bias=False),)),)
    network, (images,) = built(spec, (4,)), arrays((5, 4))
    values = network.values
    hidden = images @ values["0.layers.0.kernel"] + values["0.layers.0.bias"]
    hidden = np.maximum(hidden, 0.2 * hidden)
    wanted = hidden @ values["0.layers.2.kernel"] + values["0.layers.2.bias"]
    wanted += images @ values["0.shortcut.0.kernel"]
    np.testing.assert_allclose(network.forward(images), wanted)


def test_dropout_masks_are_numbered_in_the_order_of_layers():
    block = Residual((Dense(4), layers.Dropout(0.3)), (layers.Dropout(0.2),))
    spec, asked = (layers.Dropout(0.1), block, layers.Dropout(0.4)), []

    def masks(number, shape, rate):
        asked.append((number, rate))
        return np.ones(shape, bool)

    built(spec, (4,)).run(constant(arrays((2, 4))[0]), None, masks, {})
    places = [place for place in layers.walk(spec, (4,)) if isinstance(place.layer, layers.Dropout)]
    assert asked == [(place.number, place.layer.rate) for place in places]


def test_a_class_conditional_network_needs_labels():
    network = Inference(built((Projection(),), (5,)))
    with pytest.raises(ConfigError, match="class-conditional"):
        network(arrays((4, 5))[0])


def keeps(_number, shape, _rate):
    """Return a mask that drops nothing; having masks means training mode."""
    return np.ones(shape, bool)


def built(spec, shape):
    """Return a network with three classes and random arrays, variances positive."""
    random = np.random.default_rng(3)
    values = layers.initial_weights(spec, shape, random, 3)
    for name in values:
        if not name.endswith("_u"):
            values[name] += 0.3 * random.standard_normal(values[name].shape)
        if name.endswith("variance"):
            values[name] = abs(values[name]) + 0.1
    trained = (name for name in values if not layers.is_running(name))
    return Sequential(spec, values, trained, LabelFormat(3))


def training_outputs(network, inputs, weights=None):
    """Return a network's outputs in training mode."""
    return network.run(inputs, LABELS, keeps, weights or {})[0]


def settled(network, images):
    """Return the running state after a pass in training mode."""
    return network.run(constant(images), LABELS, keeps, {})[1]
