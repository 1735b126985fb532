"""A network as a model of Keras's own layers, which Keras loads without gankit.

Training needs features that Keras's layers lack: masks from the core, statistics of each half, and
running state that a pass may discard. Inference does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gankit.contract import LabelFormat, State
from gankit.contract.export_format import LABELS, ExportedNetwork
from gankit.layers import (
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
    LayerNorm,
    LeakyReLU,
    MinibatchStd,
    Place,
    Projection,
    ReconstructionLogit,
    ReLU,
    Reshape,
    Residual,
    SelfAttention,
    Sigmoid,
    Spec,
    Tanh,
    Upsample,
    joined,
    walk,
)
from gankit_keras.keras_import import Tensor, keras

Array = np.ndarray[Any, Any]
Arrays = list[Array]


def export_model(network: ExportedNetwork, weights: State) -> Any:  # noqa: ANN401 - untyped.
    """Return the network as a functional model, with named inputs and output, as in `Export`."""
    inputs: dict[str, Tensor] = {}
    arrays = []
    for parts in network.inputs:
        made = {name: keras.Input(s, name=name, dtype="float32") for name, s in parts.items()}
        joined_parts = list(made.values())
        several = len(joined_parts) > 1
        arrays.append(keras.layers.Concatenate()(joined_parts) if several else joined_parts[0])
        inputs |= made
    first, *others = arrays
    if taken := network.labels:
        inputs[LABELS] = keras.Input((), name=LABELS, dtype="int64")
        if taken.columns:
            inputs[LABELS] = keras.Input((taken.columns,), name=LABELS, dtype="float32")
    places = iter(walk(network.layers, network.input_shapes))
    builder = ModelBuilder(weights, inputs.get(LABELS), taken, tuple(others))
    made = builder.run(network.layers, first, places)
    outputs = {network.output: keras.layers.Identity(name=network.output)(made)}
    return keras.Model(inputs, outputs, name=network.name.replace("-", "_"))


@dataclass(frozen=True)
class ModelBuilder:
    """Builds a graph of layers.

    `weights` are by the core's names, `labels` given if it is conditional, and `others` the
    inputs after the first.
    """

    weights: State
    labels: Tensor
    label_format: LabelFormat
    others: tuple[Tensor, ...] = ()

    def run(self, spec: Spec, inputs: Tensor, places: Iterator[Place]) -> Tensor:
        """Return the outputs of the layers of `spec`, which are the next `places`."""
        wanted = joined(spec)
        first, kept = inputs, dict[int | None, Tensor]()
        for position, layer in enumerate(spec):
            place = next(places)
            if isinstance(layer, Concat):
                source = layer.source
                added = self.others[int(layer.input) - 1] if source is None else kept[source]
                inputs = keras.layers.Concatenate()([inputs, added])
            elif isinstance(layer, ReconstructionLogit):
                error = keras.layers.Flatten()(keras.layers.Subtract()([inputs, first]))
                size = keras.ops.absolute if layer.distance == "l1" else keras.ops.square
                inputs = -keras.ops.mean(size(error), axis=1, keepdims=True)
            else:
                inputs = self._apply(place, inputs, places)
            if position in wanted:
                kept[position] = inputs
        return inputs

    def _apply(self, place: Place, inputs: Tensor, inside: Iterator[Place]) -> Tensor:
        match place.layer:
            case Residual(layers=layers, shortcut=shortcut):
                outputs = self.run(layers, inputs, inside)
                return keras.layers.Add()([outputs, self.run(shortcut, inputs, inside)])
            case Conv() as layer:
                return self._convolve(layer, inputs, place.name)
            case ConvTranspose() as layer:
                return self._convolve_transposed(layer, inputs, place.name)
            case BlurPool() | BlurUpsample():
                return self._blur(inputs, larger=isinstance(place.layer, BlurUpsample))
            case MinibatchStd():
                return self._append_deviation(inputs, place)
            case SelfAttention() as layer:
                return self._attend(layer, inputs, place)
            case Embedding(units=units):
                return self._embed(inputs, units, place)
            case ClassLogit():
                logit = keras.ops.logsumexp(inputs, axis=1, keepdims=True)
                return keras.layers.Concatenate()([logit, inputs])
            case Projection() as layer:
                dense = keras.layers.Dense(1, use_bias=layer.bias)
                logits = self._call_with(dense, inputs, self._kernel(place.name))
                vectors = self._vectors(self.weights[f"{place.name}.embedding"])
                return keras.layers.Add()([logits, keras.layers.Dot(1)([inputs, vectors])])
            case BatchNorm(conditional=True) as layer:
                return self._normalise_by_class(layer, inputs, place)
        return self._call_with(_keras_layer(place), inputs, self._arrays(place))

    def _arrays(self, place: Place) -> Arrays:
        """Return the unconverted arrays of a layer, in Keras's order."""
        match place.layer:
            case Dense():
                return self._kernel(place.name)
            case BatchNorm():
                names = ("gamma", "beta", "mean", "variance")
                return [self.weights[f"{place.name}.{name}"] for name in names]
            case InstanceNorm():
                return [self.weights[f"{place.name}.{name}"] for name in ("gamma", "beta")]
            case LayerNorm():  # Keras's arrays are per value, the core's per channel.
                pair = (self.weights[f"{place.name}.{name}"] for name in ("gamma", "beta"))
                return [np.broadcast_to(array, place.shape) for array in pair]
        return []

    def _kernel(self, name: str) -> Arrays:
        keys = (f"{name}.kernel", f"{name}.bias")
        return [self.weights[key] for key in keys if key in self.weights]

    def _call_with(self, layer: Any, inputs: Tensor, arrays: Arrays) -> Tensor:  # noqa: ANN401
        """Call a layer and set its arrays; return its outputs."""
        outputs = layer(inputs)
        layer.set_weights(arrays)
        return outputs

    def _convolve(self, layer: Conv, images: Tensor, name: str) -> Tensor:
        """Pad, then convolve; groups one by one, because Keras's need XLA on a CPU."""
        if layer.padding:
            images = keras.layers.ZeroPadding2D(layer.padding)(images)
        kernel, *bias = self._kernel(name)
        filters = layer.filters // layer.groups
        outputs = []
        for number, group in enumerate(_split(images, layer.groups)):
            own = slice(number * filters, (number + 1) * filters)
            conv = keras.layers.Conv2D(
                filters, layer.kernel, layer.stride, "valid", use_bias=layer.bias
            )
            arrays = [kernel[..., own], *(b[own] for b in bias)]
            outputs.append(self._call_with(conv, group, arrays))
        return keras.layers.Concatenate()(outputs) if len(outputs) > 1 else outputs[0]

    def _convolve_transposed(self, layer: ConvTranspose, images: Tensor, name: str) -> Tensor:
        """Convolve, then crop; Keras's kernel is `(k, k, filters, in)`."""
        kernel, *bias = self._kernel(name)
        conv = keras.layers.Conv2DTranspose(
            layer.filters, layer.kernel, layer.stride, "valid", use_bias=layer.bias
        )
        larger = self._call_with(conv, images, [kernel.transpose(0, 1, 3, 2), *bias])
        # Keras pads a kernel that is smaller than its stride to the stride.
        extra = max(layer.stride - layer.kernel, 0)
        low, high = layer.padding, layer.padding + extra
        return keras.layers.Cropping2D(((low, high), (low, high)))(larger) if high else larger

    def _blur(self, images: Tensor, *, larger: bool) -> Tensor:
        """Halve or double the sides by the kernel [1, 2, 1]."""
        row, channels = np.array([1.0, 2.0, 1.0], np.float32), images.shape[-1]
        kernel = np.outer(row, row)[..., np.newaxis, np.newaxis]
        if larger:
            conv = keras.layers.Conv2DTranspose(channels, 3, 2, "valid", use_bias=False)
            doubled = self._call_with(conv, images, [kernel / 4 * np.eye(channels)])
            return keras.layers.Cropping2D(((1, 0), (1, 0)))(doubled)
        padded = keras.layers.ZeroPadding2D(((1, 0), (1, 0)))(images)
        conv = keras.layers.DepthwiseConv2D(3, 2, "valid", use_bias=False)
        return self._call_with(conv, padded, [kernel / 16 * np.ones((channels, 1))])

    def _append_deviation(self, inputs: Tensor, place: Place) -> Tensor:
        """Append the running deviation: a dense layer of zeros with a bias."""
        constant = keras.layers.Dense(1)
        arrays = [np.zeros((place.shape[-1], 1)), self.weights[f"{place.name}.deviation"]]
        return keras.layers.Concatenate()([inputs, self._call_with(constant, inputs, arrays)])

    def _attend(self, layer: SelfAttention, inputs: Tensor, place: Place) -> Tensor:
        """Add to each pixel a sum over all pixels; gamma is a factor of the last kernel."""

        def product(rows: Tensor, units: int, kernel: Array) -> Tensor:
            return self._call_with(keras.layers.Dense(units, use_bias=False), rows, [kernel])

        height, width, channels = place.shape
        names = ("query", "key", "value", "output", "gamma")
        *kernels, output, gamma = (self.weights[f"{place.name}.{name}"] for name in names)
        pixels = keras.layers.Reshape((height * width, channels))(inputs)
        queries, keys, values = (product(pixels, layer.units, kernel) for kernel in kernels)
        shares = keras.layers.Softmax()(keras.layers.Dot(2)([queries, keys]))
        sums = product(keras.layers.Dot((2, 1))([shares, values]), channels, output * gamma)
        return keras.layers.Add()([inputs, keras.layers.Reshape(place.shape)(sums)])

    def _embed(self, inputs: Tensor, units: int, place: Place) -> Tensor:
        """Concatenate the class's vector to the features, at every pixel of an image."""
        vectors = self._vectors(self.weights[f"{place.name}.embedding"])
        if len(place.shape) == 3:
            vectors = keras.layers.Reshape((1, 1, units))(vectors)
            vectors = keras.layers.UpSampling2D(place.shape[:2])(vectors)
        return keras.layers.Concatenate()([inputs, vectors])

    def _normalise_by_class(self, layer: BatchNorm, inputs: Tensor, place: Place) -> Tensor:
        """Normalise by the running statistics, then multiply and add by the image's class."""
        norm = keras.layers.BatchNormalization(epsilon=layer.epsilon, center=False, scale=False)
        names = ("mean", "variance", "scale", "shift")
        mean, variance, scale, shift = (self.weights[f"{place.name}.{name}"] for name in names)
        made = self._call_with(norm, inputs, [mean, variance])
        sides = (*(1 for _ in place.shape[:-1]), place.shape[-1])
        gamma, beta = (
            keras.layers.Reshape(sides)(vectors)
            for vectors in (self._vectors(scale, plus=1.0), self._vectors(shift))
        )
        return keras.layers.Add()([keras.layers.Multiply()([made, gamma]), beta])

    def _vectors(self, table: Array, plus: float = 0.0) -> Tensor:
        """Return each image's vector, its label's row of a table, `plus` a number."""
        rows, units = table.shape
        if self.label_format.classes:
            return self._call_with(keras.layers.Embedding(rows, units), self.labels, [table + plus])
        product = keras.layers.Dense(units)
        return self._call_with(product, self.labels, [table, np.full(units, plus, table.dtype)])


def _split(images: Tensor, groups: int) -> list[Tensor]:
    parts: list[Tensor] = keras.ops.split(images, groups, axis=-1) if groups > 1 else [images]
    return parts


def _keras_layer(place: Place) -> Any:  # noqa: ANN401 - Keras has no types.
    """Return Keras's layer with the same outputs in inference mode."""
    layers = keras.layers
    match place.layer:
        case Dense(units=units, bias=bias):
            return layers.Dense(units, use_bias=bias)
        case BatchNorm(momentum=momentum, epsilon=epsilon):
            return layers.BatchNormalization(momentum=momentum, epsilon=epsilon)
        case LayerNorm(epsilon=epsilon):
            axes = list(range(1, len(place.shape) + 1))
            return layers.LayerNormalization(axes, epsilon)
        case InstanceNorm(epsilon=epsilon):
            return layers.GroupNormalization(-1, axis=-1, epsilon=epsilon)
        case Upsample(factor=factor):
            return layers.UpSampling2D(factor)
        case AveragePool(size=size):
            return layers.AveragePooling2D(size)
        case LeakyReLU(slope=slope):
            return layers.LeakyReLU(slope)
        case ReLU():
            return layers.ReLU()
        case Tanh():
            return layers.Activation("tanh")
        case Sigmoid():
            return layers.Activation("sigmoid")
        case Dropout():
            return layers.Identity()
        case Flatten():
            return layers.Flatten()
        case Reshape(shape=shape):
            return layers.Reshape(shape)
    raise TypeError(f"got layer {place.layer!r}; expected one of gankit.layers")
