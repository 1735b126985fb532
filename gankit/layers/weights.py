"""A network's arrays: their names, shapes and initial values.

A name is the layer's path and the array's role: "0.kernel", or inside a residual block
"3.layers.0.kernel". Most arrays are weights, which training changes; running state is the
statistics of batch normalisation, minibatch-std and spectral norm: the roles `mean`, `variance`,
`deviation`, `kernel_u` and others in `_u`.
"""

from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from gankit.errors import UnknownName
from gankit.layers.shapes import Place, Shape, Shapes, walk
from gankit.layers.specs import (
    BatchNorm,
    Conv,
    ConvTranspose,
    Dense,
    Embedding,
    Init,
    InstanceNorm,
    Layer,
    LayerNorm,
    MinibatchStd,
    Projection,
    SelfAttention,
    Spec,
)

ATTENTION = ("query", "key", "value", "output")
"""The kernels of a self-attention."""
KERNELS = ("kernel", "embedding", *ATTENTION)
"""The roles that spectral norm divides, if their layer has it."""
RUNNING = frozenset({"mean", "variance", "deviation", *(f"{role}_u" for role in KERNELS)})


def is_running(name: str) -> bool:
    """Return whether `name` belongs to running state rather than to a weight.

    >>> is_running("2.mean"), is_running("2.gamma")
    (True, False)
    """
    return name.rpartition(".")[2] in RUNNING


def weight_shapes(spec: Spec, shape: Shapes, classes: int = 0) -> dict[str, Shape]:
    """Return the name and shape of each weight and of all running state, in their order.

    Parameters
    ----------
    spec
        The network's layers.
    shape
        Shape of its input, without the batch, or a tuple of shapes if it has several.
    classes
        Number of classes, for embeddings; 0 by default.
    """
    return {
        f"{place.name}.{role}": size
        for place in walk(spec, shape)
        for role, size in _roles(place.layer, place.shape, classes).items()
    }


def initial_weights(
    spec: Spec, shape: Shapes, random: np.random.Generator, classes: int = 0
) -> dict[str, NDArray[Any]]:
    """Draw a network's first weights and running state, float64.

    Parameters
    ----------
    spec, shape, classes
        As in `weight_shapes`.
    random
        Generator of the numbers, used in the order of the layers.

    Kernels and embeddings follow their layer's `init`:

        glorot-uniform  U(-a, a), a = gain * sqrt(6 / (fan_in + fan_out))  Glorot & Bengio 2010
        fan-in-normal   N(0, gain^2 / values); with gain sqrt(2) He et al. 2015
        normal          N(0, gain^2)
        zeros           0

    `fan_in` is the product of all sides of the array except the last, `fan_out` of all except the
    one before it, regardless of stride and groups. Keras counts alike, but swaps the two in
    transposed convolutions. `values` is `fan_in`, or `fan_in / stride^2` for the kernel of a
    transposed convolution: the number of inputs summed in one output, on average and away from the
    borders. Independent inputs of mean 0 and variance 1 then give outputs of variance gain^2. This
    does not apply to embeddings, which are looked up, not summed.

    `scale` and `shift` are N(0, gain^2). Biases, `beta`, `mean` and `deviation` start at 0, `gamma`
    and `variance` at 1, the `gamma` of a self-attention at 0, the vectors of spectral norm as
    random directions.
    """
    return {
        f"{place.name}.{role}": _initial(place, role, size, random)
        for place in walk(spec, shape)
        for role, size in _roles(place.layer, place.shape, classes).items()
    }


def _roles(layer: Layer, shape: Shape, classes: int) -> dict[str, Shape]:
    """Return each array of one layer by its role."""
    match layer:
        case Dense(units=units):
            return _kernel(layer, (*shape, units))
        case Conv(filters=filters, kernel=side, groups=groups):
            return _kernel(layer, (side, side, shape[-1] // groups, filters))
        case ConvTranspose(filters=filters, kernel=side):
            return _kernel(layer, (side, side, shape[-1], filters))
        case BatchNorm(conditional=conditional):
            affine = _affine(shape[-1], classes if conditional else None)
            return affine | dict.fromkeys(("mean", "variance"), shape[-1:])
        case MinibatchStd():
            return {"deviation": (1,)}
        case SelfAttention():
            return _attention(layer, shape[-1])
        case LayerNorm() | InstanceNorm():
            return _affine(shape[-1])
        case Embedding(units=units):
            return {"embedding": (classes, units)}
        case Projection(spectral=spectral):
            vector = {"embedding_u": shape} if spectral else {}
            return _kernel(layer, (*shape, 1)) | {"embedding": (classes, *shape)} | vector
    return {}


def _attention(layer: SelfAttention, channels: int) -> dict[str, Shape]:
    *inner, last = ATTENTION
    sides = {**dict.fromkeys(inner, (channels, layer.units)), last: (layer.units, channels)}
    vectors = {f"{role}_u": shape[1:] for role, shape in sides.items()} if layer.spectral else {}
    return {**sides, "gamma": (1,), **vectors}


def _affine(channels: int, classes: int | None = None) -> dict[str, Shape]:
    """Return the arrays after a normalisation, those of each class if `classes` are given."""
    if classes is None:
        return dict.fromkeys(("gamma", "beta"), (channels,))
    return dict.fromkeys(("scale", "shift"), (classes, channels))


def _kernel(layer: Dense | Conv | ConvTranspose | Projection, kernel: Shape) -> dict[str, Shape]:
    roles = {"kernel": kernel}
    if layer.bias:
        roles["bias"] = kernel[-1:]
    if layer.spectral:
        roles["kernel_u"] = kernel[-1:]
    return roles


def _initial(place: Place, role: str, size: Shape, random: np.random.Generator) -> NDArray[Any]:
    if role in KERNELS:
        return _drawn(place.layer, size, random)
    if isinstance(place.layer, BatchNorm) and role in {"scale", "shift"}:
        return random.normal(0, place.layer.gain, size)
    if role.removesuffix("_u") in KERNELS:
        vector = random.standard_normal(size)
        return np.asarray(vector / np.linalg.norm(vector))
    if role in {"gamma", "variance"} and not isinstance(place.layer, SelfAttention):
        return np.ones(size)
    return np.zeros(size)


def _drawn(layer: Any, size: Shape, random: np.random.Generator) -> NDArray[np.float64]:  # noqa: ANN401
    """Draw a kernel by its layer's `init`."""
    fan_in, fan_out = (math.prod(size[:-2]) * side for side in size[-2:])
    match layer.init:
        case "glorot-uniform":
            limit = layer.gain * math.sqrt(6 / (fan_in + fan_out))
            return random.uniform(-limit, limit, size)
        case "fan-in-normal":
            stride = layer.stride if isinstance(layer, ConvTranspose) else 1
            return random.normal(0, layer.gain * stride / math.sqrt(fan_in), size)
        case "normal":
            return random.normal(0, layer.gain, size)
        case "zeros":
            return np.zeros(size)
    raise UnknownName("init", layer.init, get_args(Init))
