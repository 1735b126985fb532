"""Output shapes of layers, and the position of each layer in its network."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from gankit._utils.field_types import check_fields
from gankit.errors import ConfigError, shown
from gankit.layers.specs import (
    AveragePool,
    BatchNorm,
    BlurPool,
    BlurUpsample,
    ClassLogit,
    Concat,
    Conv,
    ConvTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    InstanceNorm,
    Layer,
    LeakyReLU,
    MinibatchStd,
    Projection,
    ReconstructionLogit,
    Reshape,
    Residual,
    SelfAttention,
    Spec,
    Upsample,
)

Shape: TypeAlias = tuple[int, ...]
Shapes: TypeAlias = Shape | tuple[Shape, ...]
"""The shape of a network's input, or of each of its inputs if it has several."""
DROPOUT_LEVELS = 256
"""Dropout compares random bytes with a threshold, so a rate is a multiple of 1/256."""
MOST_VALUES = 2**24
"""The most units of a layer, and the most values per image that a layer may output."""
_OUTSIDE = (
    f"dropout.rate: got {{}}, but rates are rounded to whole {DROPOUT_LEVELS}ths; expected 0, or "
    f"{1 / DROPOUT_LEVELS:.4f} (1/{DROPOUT_LEVELS}) to {1 - 1 / DROPOUT_LEVELS:.3f} "
    f"({DROPOUT_LEVELS - 1}/{DROPOUT_LEVELS})"
)


@dataclass(frozen=True)
class Place:
    """A layer with its position in the network.

    Attributes
    ----------
    name
        Its path: its position, "3", or inside a residual block "3.layers.0".
    number
        The number of layers before it, counting blocks and the layers inside them; it selects
        the random stream of dropout. Without blocks it is the position.
    layer, shape
        The layer, and the shape of its input.
    """

    name: str
    number: int
    layer: Layer
    shape: Shape


@dataclass(frozen=True)
class Node(Place):
    """A place with the places inside it, as `tree` returns it.

    Attributes
    ----------
    layers, shortcut
        The nodes of a residual block's layers and of its shortcut; empty for any other layer.
    """

    layers: tuple[Node, ...] = ()
    shortcut: tuple[Node, ...] = ()


def input_shapes(shape: Shapes) -> tuple[Shape, ...]:
    """Return the shape of each input of a network, given its `shape`, one or several.

    >>> input_shapes((8,)), input_shapes(((28, 28, 1), (8,)))
    (((8,),), ((28, 28, 1), (8,)))
    """
    several = bool(shape) and isinstance(shape[0], tuple)
    return cast(tuple[Shape, ...], shape) if several else (cast(Shape, shape),)


def walk(spec: Spec, shape: Shapes) -> list[Place]:
    """Return the place of every layer of `spec`, a residual block before its inner layers.

    `shape` is the shape of the network's input, without the batch, or a tuple of shapes if it has
    several. `tree` returns the same places, nested.
    """
    return list(_flat(tree(spec, shape)))


def tree(spec: Spec, shape: Shapes) -> tuple[Node, ...]:
    """Return the place of every layer of `spec`, with those inside a residual block nested in it.

    `shape` is as in `walk`.

    >>> from gankit.layers import Dense, Residual
    >>> dense, block = tree((Dense(4), Residual((Dense(4),))), (2,))
    >>> dense.name, block.name, [inner.name for inner in block.layers], block.shortcut
    ('0', '1', ['1.layers.0'], ())
    """
    return _nodes(spec, input_shapes(shape), "", itertools.count())


def _nodes(
    spec: Spec, shape: tuple[Shape, ...], prefix: str, numbers: Iterator[int]
) -> tuple[Node, ...]:
    nodes = []
    for position, (layer, inputs) in enumerate(zip(spec, shapes(spec, shape), strict=False)):
        name, number = f"{prefix}{position}", next(numbers)
        inside: list[tuple[Node, ...]] = []
        if isinstance(layer, Residual):
            own = (inputs, *shape[1:])
            inside.append(_nodes(layer.layers, own, f"{name}.layers.", numbers))
            inside.append(_nodes(layer.shortcut, own, f"{name}.shortcut.", numbers))
        nodes.append(Node(name, number, layer, inputs, *inside))
    return tuple(nodes)


def _flat(nodes: Iterable[Node]) -> Iterator[Place]:
    """Yield the place of each node, a block before those inside it."""
    for node in nodes:
        yield Place(node.name, node.number, node.layer, node.shape)
        yield from _flat((*node.layers, *node.shortcut))


def shapes(spec: Spec, shape: Shapes) -> list[Shape]:
    """Return the shape before each layer and after the last, `len(spec) + 1` in all.

    `shape` is as in `walk`; the first shape is that of the first input.
    """
    first, *others = input_shapes(shape)
    trail = [first]
    for position, layer in enumerate(spec):
        try:
            made = _layer_shape(layer, trail, others)
            _check(
                math.prod(made) <= MOST_VALUES,
                f"got output {made}; expected at most {MOST_VALUES:,} values per image",
            )
        except ConfigError as error:
            raise ConfigError(f"layer {position}: {error}") from None
        trail.append(made)
    return trail


def output_shape(spec: Spec, shape: Shapes) -> Shape:
    """Return the shape of the outputs of `spec` for inputs of `shape`, as in `walk`."""
    return shapes(spec, shape)[-1]


def layer_shape(layer: Layer, shape: Shape) -> Shape:
    """Return the output shape of `layer` for inputs of `shape`; ConfigError if it is invalid.

    A `Concat` needs the layers before it, or other inputs: `shapes` gives its shape.
    """
    return _layer_shape(layer, [shape], ())


def _layer_shape(layer: Layer, trail: Sequence[Shape], others: Sequence[Shape]) -> Shape:
    """Return the output shape of the layer after those of `trail`.

    Parameters
    ----------
    layer
        The layer.
    trail
        The shape of the network's first input, and those after each layer before this one.
    others
        The shapes of the network's other inputs.
    """
    shape = trail[-1]
    check_fields(layer, layer.layer)
    if isinstance(layer, Dense | Conv | ConvTranspose | Projection | SelfAttention):
        zero = layer.spectral and (layer.init == "zeros" or layer.gain == 0)
        _check(
            not zero,
            f"{layer.layer}.spectral: got True with an initial kernel of zeros, which cannot be "
            "divided by its norm; choose another init and gain",
        )
    match layer:
        case Dense(units=units):
            _row(layer, shape)
            _check(
                0 < units <= MOST_VALUES, f"dense.units: got {units}; expected 1 to {MOST_VALUES:,}"
            )
            return (units,)
        case Projection():
            _row(layer, shape)
            return (1,)
        case ClassLogit():
            _row(layer, shape)
            return (1 + shape[0],)
        case ReconstructionLogit():
            _check(
                shape == trail[0],
                f"reconstruction-logit: got outputs {shape}; expected the shape of the inputs, "
                f"{trail[0]}",
            )
            return (1,)
        case Conv() | ConvTranspose() | Upsample() | AveragePool() | BlurPool() | BlurUpsample():
            return _image_shape(layer, shape)
        case MinibatchStd(group=group):
            _check(
                group == 0 or 2 <= group <= MOST_VALUES,
                f"minibatch-std.group: got {group}; expected 0, for the batch, or 2 or more images",
            )
            _check_numbers(layer)
            return (*shape[:-1], shape[-1] + 1)
        case SelfAttention():
            _check_attention(layer, shape)
        case Embedding(units=units):
            _check(
                0 < units <= MOST_VALUES,
                f"embedding.units: got {units}; expected 1 to {MOST_VALUES:,}",
            )
            return (*shape[:-1], shape[-1] + units)
        case LeakyReLU(slope=slope):
            _check(0 <= slope <= 1, f"leaky-relu.slope: got {slope}; expected a number in [0, 1]")
        case Dropout(rate=rate):
            _check(0 <= rate < 1, f"dropout.rate: got {rate}; expected a number in [0, 1)")
            _check(
                rate == 0 or 0 < round(rate * DROPOUT_LEVELS) < DROPOUT_LEVELS,
                _OUTSIDE.format(rate),
            )
        case Flatten():
            return (math.prod(shape),)
        case Reshape(shape=target):
            fits = math.prod(target) == math.prod(shape) and min(target, default=0) > 0
            _check(fits, f"reshape.shape: got {tuple(target)}; expected as many values as {shape}")
            return tuple(target)
        case Residual(layers=layers, shortcut=shortcut):
            return _residual_shape(layers, shortcut, (shape, *others))
        case Concat():
            return _concat_shape(layer, trail, others)
        case BatchNorm(gain=gain):
            _check(gain >= 0, f"batch-norm.gain: got {gain}; expected at least 0")
        case InstanceNorm():
            _check(
                len(shape) == 3 and shape[0] * shape[1] > 1,
                f"instance-norm: got inputs {shape}; expected images (height, width, channels) "
                "of at least two pixels",
            )
    _check_numbers(layer)
    return shape


def _check_attention(layer: SelfAttention, shape: Shape) -> None:
    units, pixels = layer.units, math.prod(shape[:-1])
    _check(
        len(shape) == 3,
        f"self-attention: got inputs {shape}; expected images (height, width, channels)",
    )
    _check(
        0 < units <= MOST_VALUES,
        f"self-attention.units: got {units}; expected 1 to {MOST_VALUES:,}",
    )
    _check(
        pixels**2 <= MOST_VALUES,
        f"self-attention: got images of {pixels:,} pixels, whose weights are {pixels**2:,} values; "
        f"expected at most {MOST_VALUES:,}; put the layer where images are smaller",
    )


def _check_numbers(layer: Layer) -> None:
    epsilon, momentum = getattr(layer, "epsilon", 1.0), getattr(layer, "momentum", 0.0)
    _check(epsilon > 0, f"{layer.layer}.epsilon: got {epsilon}; expected above 0")
    _check(
        0 <= momentum < 1, f"{layer.layer}.momentum: got {momentum}; expected a number in [0, 1)"
    )


ImageLayer: TypeAlias = Conv | ConvTranspose | Upsample | AveragePool | BlurPool | BlurUpsample


def _image_shape(layer: ImageLayer, shape: Shape) -> Shape:
    if len(shape) != 3:
        raise ConfigError(
            f"{layer.layer}: got inputs {shape}; expected (height, width, channels); "
            "reshape them first"
        )
    height, width, channels = shape
    match layer:
        case Upsample(factor=factor):
            _check(factor > 0, f"upsample.factor: got {factor}; expected at least 1")
            return (height * factor, width * factor, channels)
        case BlurUpsample():
            return (2 * height, 2 * width, channels)
        case BlurPool():
            _check(
                height % 2 == width % 2 == 0, f"blur-pool: got images {shape}; expected even sides"
            )
            return (height // 2, width // 2, channels)
        case AveragePool(size=size):
            fits = size > 0 and height % size == width % size == 0
            _check(
                fits, f"average-pool.size: got {size}; expected a divisor of {height} and {width}"
            )
            return (height // size, width // size, channels)
    _check_conv(layer, channels)
    sides = tuple(_side(layer, side) for side in (height, width))
    _check(
        min(sides) > 0,
        f"{layer.layer}.kernel: got {layer.kernel} for images {shape}, which leaves no output; "
        "choose a smaller kernel or more padding",
    )
    return (*sides, layer.filters)


def _side(layer: Conv | ConvTranspose, side: int) -> int:
    if isinstance(layer, ConvTranspose):
        return (side - 1) * layer.stride - 2 * layer.padding + layer.kernel
    return (side + 2 * layer.padding - layer.kernel) // layer.stride + 1


def _check_conv(layer: Conv | ConvTranspose, channels: int) -> None:
    for name in ("filters", "kernel", "stride"):
        value = getattr(layer, name)
        _check(
            0 < value <= MOST_VALUES,
            f"{layer.layer}.{name}: got {value}; expected 1 to {MOST_VALUES:,}",
        )
    fits = 0 <= layer.padding < layer.kernel
    _check(fits, f"{layer.layer}.padding: got {layer.padding}; expected 0 to kernel - 1")
    groups = layer.groups if isinstance(layer, Conv) else 1
    divides = groups > 0 and channels % groups == layer.filters % groups == 0
    _check(
        divides,
        f"conv.groups: got {groups}; expected a divisor of channels ({channels}) and of filters",
    )


def _concat_shape(layer: Concat, trail: Sequence[Shape], others: Sequence[Shape]) -> Shape:
    given, shape, last = layer.input, trail[-1], len(trail) - 2
    earlier = f"'@0' to '@{last}', a layer before it" if last >= 0 else "a layer before it"
    if isinstance(given, str):
        source = layer.source
        _check(
            source is not None and source <= last,
            f"concat.input: got {shown(given)}; expected {earlier}",
        )
        added = trail[cast(int, source) + 1]
    else:
        inputs = f"1 to {len(others)}, an input of the network"
        one = f"{earlier}; the network has one input"
        _check(
            1 <= given <= len(others),
            f"concat.input: got {given}; expected {inputs if others else one}",
        )
        added = others[given - 1]
    if added[:-1] != shape[:-1]:
        raise ConfigError(
            f"concat.input: got {given!r}, of shape {added}, for inputs {shape}; expected equal "
            "sides, and as many axes"
        )
    return (*shape[:-1], shape[-1] + added[-1])


def _residual_shape(layers: Spec, shortcut: Spec, shape: tuple[Shape, ...]) -> Shape:
    made, added = output_shape(layers, shape), output_shape(shortcut, shape)
    _check(
        made == added,
        f"residual: got layers that output {made}, and a shortcut {added}; expected equal shapes",
    )
    return made


def _row(layer: Layer, shape: Shape) -> None:
    if len(shape) != 1:
        raise ConfigError(
            f"{layer.layer}: got inputs {shape}; expected (features,); flatten them first"
        )


def _check(valid: bool, message: str) -> None:
    if not valid:
        raise ConfigError(message)
