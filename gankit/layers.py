"""Layer specs: what a network is made of, as data, and the shapes and weights that follow.

A spec is a tuple of layers. It carries every number, for frameworks differ in their defaults
(LeakyReLU's slope is 0.3 in one and 0.01 in another). Shapes are those of one image, without the
batch: images are `(height, width, channels)`. Kernels are `(in, out)`.

>>> spec = (Dense(256), LeakyReLU(0.2), Dense(784), Tanh(), Reshape((28, 28, 1)))
>>> output_shape(spec, (100,))
(28, 28, 1)
>>> weight_shapes(spec, (100,))["0.kernel"]
(100, 256)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.errors import ConfigError

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Dense:
    """`outputs = inputs @ kernel + bias`, on the last axis of `(n, features)`."""

    units: int
    bias: bool = True
    layer: Literal["dense"] = field(default="dense", repr=False)


@dataclass(frozen=True)
class LeakyReLU:
    """`max(x, slope * x)`; written so in every backend, with the slope in full precision."""

    slope: float
    layer: Literal["leaky-relu"] = field(default="leaky-relu", repr=False)


@dataclass(frozen=True)
class ReLU:
    """`max(x, 0)`."""

    layer: Literal["relu"] = field(default="relu", repr=False)


@dataclass(frozen=True)
class Tanh:
    """The hyperbolic tangent: a generator's last layer, for images in [-1, 1]."""

    layer: Literal["tanh"] = field(default="tanh", repr=False)


@dataclass(frozen=True)
class Sigmoid:
    """`1 / (1 + exp(-x))`."""

    layer: Literal["sigmoid"] = field(default="sigmoid", repr=False)


@dataclass(frozen=True)
class Dropout:
    """Zero each value with chance `rate` in training and scale the rest; nothing at inference.

    The masks come from the core (`gankit.randomness.dropout_mask`), so backends share them.
    """

    rate: float
    layer: Literal["dropout"] = field(default="dropout", repr=False)


@dataclass(frozen=True)
class Flatten:
    """Lay each image's values in a row: height, then width, then channels."""

    layer: Literal["flatten"] = field(default="flatten", repr=False)


@dataclass(frozen=True)
class Reshape:
    """Give each image's values the `shape`, without the batch."""

    shape: Shape
    layer: Literal["reshape"] = field(default="reshape", repr=False)


Layer: TypeAlias = Dense | LeakyReLU | ReLU | Tanh | Sigmoid | Dropout | Flatten | Reshape
Spec: TypeAlias = tuple[Layer, ...]
LAYERS: tuple[type[Layer], ...] = (
    Dense, LeakyReLU, ReLU, Tanh, Sigmoid, Dropout, Flatten, Reshape,
)  # fmt: skip


def layer_shape(layer: Layer, shape: Shape) -> Shape:
    """Return the shape that `layer` makes of `shape`, or raise ConfigError saying why it cannot."""
    match layer:
        case Dense(units=units):
            if len(shape) != 1:
                raise ConfigError(f"dense takes a row of features, not {shape}; flatten it first")
            _check(0 < units <= 2**24, f"dense has {units} units; it takes 1 to {2**24:,}")
            return (units,)
        case LeakyReLU(slope=slope):
            _check(0 <= slope <= 1, f"leaky-relu's slope is {slope}; it lies in [0, 1]")
            return shape
        case Dropout(rate=rate):
            _check(0 <= rate < 1, f"dropout's rate is {rate}; it lies in [0, 1)")
            return shape
        case Flatten():
            return (math.prod(shape),)
        case Reshape(shape=target):
            if math.prod(target) != math.prod(shape) or min(target, default=1) < 1:
                raise ConfigError(f"reshape cannot make {target} of {shape}")
            return tuple(target)
    return shape


def shapes(spec: Spec, shape: Shape) -> list[Shape]:
    """Return the shape before each layer and after the last, `len(spec) + 1` in all."""
    trail = [shape]
    for position, layer in enumerate(spec):
        try:
            trail.append(layer_shape(layer, trail[-1]))
        except ConfigError as error:
            raise ConfigError(f"layer {position}: {error}") from None
    return trail


def output_shape(spec: Spec, shape: Shape) -> Shape:
    """Return the shape that a network of `spec` makes of inputs of `shape`."""
    return shapes(spec, shape)[-1]


def weight_shapes(spec: Spec, shape: Shape) -> dict[str, Shape]:
    """Return each weight's name (`"0.kernel"`: the layer's position, then its role) and shape."""
    found: dict[str, Shape] = {}
    for position, (layer, inputs) in enumerate(zip(spec, shapes(spec, shape), strict=False)):
        if isinstance(layer, Dense):
            found[f"{position}.kernel"] = (*inputs, layer.units)
            if layer.bias:
                found[f"{position}.bias"] = (layer.units,)
    return found


def initial_weights(
    spec: Spec, shape: Shape, random: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """Draw a network's first weights, float64: Glorot uniform kernels, zero biases.

    Kernels are U(-a, a) with a = sqrt(6 / (in + out)) (Glorot & Bengio 2010, eq. 16).
    """
    return {
        name: _glorot_uniform(random, size) if name.endswith(".kernel") else np.zeros(size)
        for name, size in weight_shapes(spec, shape).items()
    }


def _glorot_uniform(random: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    limit = math.sqrt(6 / sum(shape))
    return random.uniform(-limit, limit, shape)


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise ConfigError(message)
