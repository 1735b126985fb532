"""Layers: their output shapes, the names and initial values of weights, and errors."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from gankit_numpy.networks import Sequential

from gankit.contract.random_streams import keep_probability
from gankit.errors import ConfigError
from gankit.layers import (
    AveragePool,
    BatchNorm,
    BlurPool,
    BlurUpsample,
    Concat,
    Conv,
    ConvTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    InstanceNorm,
    LayerNorm,
    LeakyReLU,
    MinibatchStd,
    Place,
    Projection,
    ReconstructionLogit,
    Reshape,
    Residual,
    SelfAttention,
    Tanh,
    Upsample,
    capabilities,
    initial_weights,
    is_running,
    output_shape,
    tree,
    uses_labels,
    walk,
    weight_shapes,
)

IMAGE = (12, 8, 6)
BLOCK = Residual((Conv(4, 3, padding=1), Dropout(0.5), Conv(6, 1)), (Conv(6, 1, bias=False),))


@pytest.mark.parametrize(
    ("layer", "shape", "made"),
    [
        (Conv(5, 3), IMAGE, (10, 6, 5)),
        (Conv(5, 3, padding=1), IMAGE, (12, 8, 5)),
        (Conv(5, 4, stride=2, padding=1), IMAGE, (6, 4, 5)),
        (Conv(5, 3, stride=2), (7, 4, 1), (3, 1, 5)),
        (Conv(4, 1, groups=2), IMAGE, (12, 8, 4)),
        (ConvTranspose(5, 4, stride=2, padding=1), IMAGE, (24, 16, 5)),
        (ConvTranspose(5, 3), IMAGE, (14, 10, 5)),
        (Upsample(3), IMAGE, (36, 24, 6)),
        (AveragePool(4), IMAGE, (3, 2, 6)),
        (BatchNorm(0.9, 1e-5), IMAGE, IMAGE),
        (LayerNorm(1e-5), (7,), (7,)),
        (InstanceNorm(1e-5), IMAGE, IMAGE),
        (BlurPool(), IMAGE, (6, 4, 6)),
        (BlurUpsample(), IMAGE, (24, 16, 6)),
        (MinibatchStd(), IMAGE, (12, 8, 7)),
        (MinibatchStd(4), (7,), (8,)),
        (SelfAttention(2), IMAGE, IMAGE),
        (Embedding(3), (7,), (10,)),
        (Embedding(3), IMAGE, (12, 8, 9)),
        (Projection(), (7,), (1,)),
        (Flatten(), IMAGE, (576,)),
        (ReconstructionLogit(), IMAGE, (1,)),
        (BLOCK, IMAGE, IMAGE),
    ],
    ids=str,
)
def test_a_layer_has_its_output_shape(layer, shape, made):
    assert output_shape((layer,), shape) == made


@pytest.mark.parametrize("side", range(1, 12))
@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_transposed_convolution_restores_the_size_of_a_convolution(side, kernel, stride):
    made = output_shape((ConvTranspose(1, kernel, stride=stride),), (side, side, 1))
    assert output_shape((Conv(1, kernel, stride=stride),), made) == (side, side, 1)


@pytest.mark.parametrize(
    ("layer", "shape", "said"),
    [
        (Conv(5, 3), (7,), "reshape them first"),
        (Conv(5, 9), (8, 8, 1), "leaves no output"),
        (Conv(5, 3, groups=4), IMAGE, "groups: got 4"),
        (Conv(5, 3, padding=3), IMAGE, "padding: got 3"),
        (Conv(0, 3), IMAGE, "filters: got 0"),
        (Conv(5, 3, stride=0), IMAGE, "stride: got 0"),
        (AveragePool(5), IMAGE, "a divisor of 12 and 8"),
        (Upsample(0), IMAGE, "factor: got 0"),
        (BatchNorm(1.0, 1e-5), IMAGE, "momentum: got 1.0"),
        (BatchNorm(0.9, 0.0), IMAGE, "epsilon: got 0.0"),
        (BatchNorm(gain=-1.0), IMAGE, "batch-norm.gain: got -1.0"),
        (LayerNorm(-1.0), IMAGE, "epsilon: got -1.0"),
        (InstanceNorm(0.0), IMAGE, "epsilon: got 0.0"),
        (InstanceNorm(), (7,), "instance-norm: got inputs (7,); expected images"),
        (InstanceNorm(), (1, 1, 8), "of at least two pixels"),
        (BlurPool(), (5, 4, 1), "blur-pool: got images (5, 4, 1); expected even sides"),
        (BlurUpsample(), (7,), "reshape them first"),
        (MinibatchStd(1), IMAGE, "minibatch-std.group: got 1; expected 0, for the batch, or 2"),
        (MinibatchStd(epsilon=0.0), IMAGE, "epsilon: got 0.0"),
        (SelfAttention(2), (7,), "self-attention: got inputs (7,); expected images"),
        (SelfAttention(0), IMAGE, "self-attention.units: got 0"),
        (SelfAttention(2), (65, 64, 1), "got images of 4,160 pixels"),
        (SelfAttention(2, init="zeros", spectral=True), IMAGE, "an initial kernel of zeros"),
        (Concat("@0"), (7,), "concat.input: got '@0'; expected a layer before it"),
        (Concat("1"), (7,), "concat.input: got '1'; expected a layer before it"),
        (Concat(1), (7,), "expected a layer before it; the network has one input"),
        (Concat(1.5), (7,), "concat.input: got 1.5; expected a whole number or a text"),
        (Dropout(0.001), (7,), "rate: got 0.001, but rates are rounded to whole 256ths"),
        (Dropout(1 / 512), (7,), "expected 0, or 0.0039 (1/256) to 0.996 (255/256)"),
        (Dropout(0.999), (7,), "rate: got 0.999"),
        (Projection(), IMAGE, "flatten them first"),
        (Embedding(0), (3,), "units: got 0"),
        (ReconstructionLogit("l3"), IMAGE, "unknown distance 'l3'; known: l1, l2"),
        (
            Residual((Dense(3), ReconstructionLogit())),
            (5,),
            "reconstruction-logit: got outputs (3,); expected the shape of the inputs, (5,)",
        ),
        (Residual((Conv(5, 1),)), IMAGE, "shortcut"),
        (Residual((Residual((Dense(3),)),)), (5,), "layer 0: layer 0"),
    ],
    ids=str,
)
def test_an_impossible_layer_is_refused_in_one_line(layer, shape, said):
    with pytest.raises(ConfigError) as refused:
        output_shape((layer,), shape)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_layers_inside_a_block_have_paths_and_every_layer_a_number():
    places = walk((Flatten(), Reshape(IMAGE), BLOCK, Flatten()), IMAGE)
    assert [place.name for place in places] == [
        "0",
        "1",
        "2",
        "2.layers.0",
        "2.layers.1",
        "2.layers.2",
        "2.shortcut.0",
        "3",
    ]
    assert [place.number for place in places] == list(range(8))


def test_a_tree_nests_the_places_that_walk_lists():
    spec = (Flatten(), Reshape(IMAGE), Residual((BLOCK,), (BLOCK,)), Flatten())
    nodes = tree(spec, IMAGE)
    assert [node.name for node in nodes] == ["0", "1", "2", "3"]
    (inner,), (other,) = nodes[2].layers, nodes[2].shortcut
    assert (inner.name, other.name) == ("2.layers.0", "2.shortcut.0")
    assert [node.name for node in other.layers] == [f"2.shortcut.0.layers.{i}" for i in range(3)]
    assert nodes[3].layers == nodes[3].shortcut == ()
    assert flattened(nodes) == walk(spec, IMAGE)


def flattened(nodes):
    """Return the places of nodes in the order of `walk`."""
    return [
        place
        for node in nodes
        for place in (
            Place(node.name, node.number, node.layer, node.shape),
            *flattened(node.layers),
            *flattened(node.shortcut),
        )
    ]


def test_weights_are_named_by_layer_and_role():
    spec = (BLOCK, BatchNorm(0.9, 1e-5), Flatten(), Embedding(2), Projection(spectral=True))
    assert weight_shapes(spec, IMAGE, classes=3) == {
        "0.layers.0.kernel": (3, 3, 6, 4),
        "0.layers.0.bias": (4,),
        "0.layers.2.kernel": (1, 1, 4, 6),
        "0.layers.2.bias": (6,),
        "0.shortcut.0.kernel": (1, 1, 6, 6),
        "1.gamma": (6,),
        "1.beta": (6,),
        "1.mean": (6,),
        "1.variance": (6,),
        "3.embedding": (3, 2),
        "4.kernel": (578, 1),
        "4.bias": (1,),
        "4.kernel_u": (1,),
        "4.embedding": (3, 578),
        "4.embedding_u": (578,),
    }


def test_a_conditional_normalisation_has_rows_for_classes_that_start_as_the_identity():
    layer = BatchNorm(conditional=True)
    assert list(weight_shapes((layer,), IMAGE, classes=3).items()) == [
        ("0.scale", (3, 6)),
        ("0.shift", (3, 6)),
        ("0.mean", (6,)),
        ("0.variance", (6,)),
    ]
    assert not any(first(layer, IMAGE, role, classes=3).any() for role in ("scale", "shift"))
    wide = replace(layer, gain=0.3)
    assert first(wide, (1, 1, 500), "shift", classes=9).std() == pytest.approx(0.3, rel=0.05)
    assert capabilities((layer,)) == {"norm", "labels"}
    assert uses_labels((Residual((layer,)),))


def test_an_attention_has_four_kernels_and_starts_as_the_identity():
    layer = SelfAttention(2, spectral=True)
    assert weight_shapes((layer,), IMAGE) == {
        **dict.fromkeys(("0.query", "0.key", "0.value"), (6, 2)),
        "0.output": (2, 6),
        "0.gamma": (1,),
        **dict.fromkeys(("0.query_u", "0.key_u", "0.value_u"), (2,)),
        "0.output_u": (6,),
    }
    assert not first(layer, IMAGE, "gamma").any()
    assert np.linalg.norm(first(layer, IMAGE, "output_u")) == pytest.approx(1)
    assert is_running("0.output_u")


def test_running_state_is_recognised_by_its_role():
    spec = (Conv(2, 1, spectral=True), BatchNorm(0.9, 1e-5))
    names = weight_shapes(spec, IMAGE)
    assert {name for name in names if is_running(name)} == {"0.kernel_u", "1.mean", "1.variance"}


def first(layer, shape, role="kernel", classes=0):
    weights = initial_weights((layer,), shape, np.random.default_rng(0), classes)
    return weights[f"0.{role}"]


@pytest.mark.parametrize(
    ("layer", "shape", "deviation"),
    [
        (Dense(300), (200,), math.sqrt(6 / 500 / 3)),
        (Conv(64, 3), (9, 9, 32), math.sqrt(6 / (9 * 96) / 3)),
        (Dense(300, gain=2.0), (200,), 2 * math.sqrt(6 / 500 / 3)),
        (Dense(300, init="fan-in-normal", gain=1.5), (200,), 1.5 / math.sqrt(200)),
        (Conv(64, 3, groups=4, init="fan-in-normal"), (9, 9, 32), 1 / math.sqrt(9 * 8)),
        (ConvTranspose(64, 4, init="fan-in-normal"), (9, 9, 32), 1 / math.sqrt(16 * 32)),
        (ConvTranspose(64, 4, 2, init="fan-in-normal"), (9, 9, 32), 1 / math.sqrt(4 * 32)),
        (ConvTranspose(64, 3, 4, init="fan-in-normal"), (9, 9, 32), 1 / math.sqrt(9 / 16 * 32)),
        (Dense(300, init="normal", gain=0.02), (200,), 0.02),
        (Dense(300, init="zeros"), (200,), 0.0),
    ],
    ids=str,
)
def test_kernels_start_with_their_initializer(layer, shape, deviation):
    kernel = first(layer, shape)
    assert kernel.std() == pytest.approx(deviation, rel=0.03)
    assert abs(kernel.mean()) <= deviation / 10


STRIDED = (Conv(64, 4, 2), ConvTranspose(64, 4, 2), ConvTranspose(64, 6, 3))


@pytest.mark.parametrize("layer", STRIDED, ids=str)
def test_fan_in_normal_preserves_the_variance(layer):
    spec = (replace(layer, init="fan-in-normal", bias=False),)
    weights = initial_weights(spec, (12, 12, 32), np.random.default_rng(0))
    network = Sequential(spec, weights)
    made = network.forward(np.random.default_rng(1).standard_normal((8, 12, 12, 32)))
    inner = made[:, 6:-6, 6:-6] if isinstance(layer, ConvTranspose) else made
    assert inner.var() == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("rate", [0.0, 0.002, 1 / 256, 0.5, 255 / 256])
def test_every_rate_below_1_is_accepted_by_dropout(rate):
    assert output_shape((Dropout(rate),), (7,)) == (7,)
    assert (keep_probability(rate) < 1) == (rate > 0)


def test_vectors_of_spectral_norm_start_with_length_1():
    assert np.linalg.norm(first(Dense(9, spectral=True), (5,), "kernel_u")) == pytest.approx(1)


def test_normalisation_starts_as_the_identity():
    for role, number in (("gamma", 1), ("beta", 0), ("mean", 0), ("variance", 1)):
        assert (first(BatchNorm(0.9, 1e-5), IMAGE, role) == number).all()


def test_layers_inside_blocks_require_their_capabilities():
    spec = (Residual((Conv(6, 1, spectral=True), BatchNorm(0.9, 1e-5)), (Embedding(2),)),)
    assert capabilities(spec) == {"residual", "conv", "spectral", "norm", "labels"}
    assert uses_labels(spec)
    assert not uses_labels((Dense(3), LeakyReLU(0.2)))
    assert capabilities((Dense(3), Dropout(0.1))) == set()


CHAIN = (Conv(4, 3, padding=1), Conv(2, 4, stride=2, padding=1), Upsample(2))


@pytest.mark.parametrize(
    ("spec", "inputs", "made"),
    [
        ((*CHAIN, Concat("@0")), IMAGE, (12, 8, 6)),
        ((*CHAIN, Concat("@0"), Concat("@3")), IMAGE, (12, 8, 12)),
        ((Concat(1),), (IMAGE, (12, 8, 1)), (12, 8, 7)),
        ((Flatten(), Concat(2)), (IMAGE, (9,), (5,)), (581,)),
        ((Residual((Dense(3), Concat("@0"), Dense(7))), Concat("@0")), (7,), (14,)),
        ((Residual((Concat(1), Dense(7))),), ((7,), (2,)), (7,)),
    ],
    ids=str,
)
def test_a_concat_appends_features(spec, inputs, made):
    assert output_shape(spec, inputs) == made
    assert walk(spec, inputs)[0].shape == (inputs if isinstance(inputs[0], int) else inputs[0])


@pytest.mark.parametrize(
    ("spec", "inputs", "said"),
    [
        ((*CHAIN, Concat("@3")), IMAGE, "layer 3: concat.input: got '@3'; expected '@0' to '@2'"),
        ((*CHAIN, Concat("@1")), IMAGE, "of shape (6, 4, 2), for inputs (12, 8, 2)"),
        ((Concat(2),), (IMAGE, IMAGE), "got 2; expected 1 to 1, an input of the network"),
        ((Concat(0),), (IMAGE, IMAGE), "got 0; expected 1 to 1, an input of the network"),
        ((Flatten(), Concat(1)), (IMAGE, IMAGE), "expected equal sides"),
        ((Tanh(), Residual((Concat("@0"),))), (7,), "layer 1: layer 0: concat.input: got '@0'"),
    ],
    ids=str,
)
def test_a_concat_that_does_not_fit_is_refused_in_one_line(spec, inputs, said):
    with pytest.raises(ConfigError) as refused:
        output_shape(spec, inputs)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
