"""A spec's generator as a model of Keras's own layers, which load without gankit.

Training needs features that Keras's layers lack: masks from the core, statistics by halves,
running state that a pass may discard. Inference needs none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gankit.contract import Problem, State
from gankit.layers import (
    AveragePool,
    BatchNorm,
    Conv,
    ConvTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    LayerNorm,
    LeakyReLU,
    Place,
    Projection,
    ReLU,
    Reshape,
    Residual,
    Sigmoid,
    Spec,
    Tanh,
    Upsample,
    walk,
)
from gankit_keras.framework import Tensor, keras

Arrays = list[np.ndarray[Any, Any]]


def stock_model(problem: Problem, weights: State) -> Any:  # noqa: ANN401 - Keras has no types.
    """Return the generator as a functional model, with named inputs and images, as in `Export`."""
    inputs = {"noise": keras.Input((problem.latent,), name="noise", dtype="float32")}
    if problem.generator_classes:
        inputs["labels"] = keras.Input((), name="labels", dtype="int64")
    places = iter(walk(problem.generator, (problem.latent,)))
    drawing = Drawing(weights, inputs.get("labels"), problem.classes)
    images = drawing.run(problem.generator, inputs["noise"], places)
    named = keras.layers.Identity(name="images")(images)
    return keras.Model(inputs, {"images": named}, name="generator")


@dataclass(frozen=True)
class Drawing:
    """Builds a graph of layers; `weights` by the core's names, `labels` if class-conditional."""

    weights: State
    labels: Tensor
    classes: int

    def run(self, spec: Spec, inputs: Tensor, places: Iterator[Place]) -> Tensor:
        """Return the outputs of the layers of `spec`, whose places come next."""
        for _ in spec:
            inputs = self._apply(next(places), inputs, places)
        return inputs

    def _apply(self, place: Place, inputs: Tensor, inside: Iterator[Place]) -> Tensor:
        match place.layer:
            case Residual(layers=layers, shortcut=shortcut):
                made = self.run(layers, inputs, inside)
                return keras.layers.Add()([made, self.run(shortcut, inputs, inside)])
            case Conv() as layer:
                return self._convolve(layer, inputs, place.name)
            case ConvTranspose() as layer:
                return self._convolve_transposed(layer, inputs, place.name)
            case Embedding(units=units):
                return self._embed(inputs, units, place)
            case Projection() as layer:
                made = self._loaded(keras.layers.Dense(1, use_bias=layer.bias), inputs,
                                    self._kernel(place.name))  # fmt: skip
                vectors = self._vectors(place.shape[0], place.name)
                return keras.layers.Add()([made, keras.layers.Dot(1)([inputs, vectors])])
        arrays = self._arrays(place)
        return self._loaded(_layer(place), inputs, arrays)

    def _arrays(self, place: Place) -> Arrays:
        """Return the unconverted arrays of a layer, in Keras's order."""
        match place.layer:
            case Dense():
                return self._kernel(place.name)
            case BatchNorm():
                roles = ("gamma", "beta", "mean", "variance")
                return [self.weights[f"{place.name}.{role}"] for role in roles]
            case LayerNorm():  # Keras's arrays are per value, the core's per channel.
                pair = (self.weights[f"{place.name}.{role}"] for role in ("gamma", "beta"))
                return [np.broadcast_to(array, place.shape) for array in pair]
        return []

    def _kernel(self, name: str) -> Arrays:
        roles = (f"{name}.kernel", f"{name}.bias")
        return [self.weights[role] for role in roles if role in self.weights]

    def _loaded(self, layer: Any, inputs: Tensor, arrays: Arrays) -> Tensor:  # noqa: ANN401
        """Return the outputs of a layer with these arrays."""
        made = layer(inputs)
        layer.set_weights(arrays)
        return made

    def _convolve(self, layer: Conv, images: Tensor, name: str) -> Tensor:
        """Pad, then convolve; groups one by one, because Keras's need XLA on a CPU."""
        if layer.padding:
            images = keras.layers.ZeroPadding2D(layer.padding)(images)
        kernel, *bias = self._kernel(name)
        filters = layer.filters // layer.groups
        runs = _split(images, layer.groups)
        made = []
        for number, run in enumerate(runs):
            own = slice(number * filters, (number + 1) * filters)
            one = keras.layers.Conv2D(
                filters, layer.kernel, layer.stride, "valid", use_bias=layer.bias
            )
            made.append(self._loaded(one, run, [kernel[..., own], *(b[own] for b in bias)]))
        return keras.layers.Concatenate()(made) if len(made) > 1 else made[0]

    def _convolve_transposed(self, layer: ConvTranspose, images: Tensor, name: str) -> Tensor:
        """Convolve, then crop; Keras's kernel is `(k, k, filters, in)`."""
        kernel, *bias = self._kernel(name)
        one = keras.layers.Conv2DTranspose(
            layer.filters, layer.kernel, layer.stride, "valid", use_bias=layer.bias
        )
        made = self._loaded(one, images, [kernel.transpose(0, 1, 3, 2), *bias])
        # Keras pads a kernel that is smaller than its stride to the stride.
        over = max(layer.stride - layer.kernel, 0)
        low, high = layer.padding, layer.padding + over
        return keras.layers.Cropping2D(((low, high), (low, high)))(made) if high else made

    def _embed(self, inputs: Tensor, units: int, place: Place) -> Tensor:
        """Concatenate the class's vector to the features, at every pixel of an image."""
        vectors = self._vectors(units, place.name)
        if len(place.shape) == 3:
            vectors = keras.layers.Reshape((1, 1, units))(vectors)
            vectors = keras.layers.UpSampling2D(place.shape[:2])(vectors)
        return keras.layers.Concatenate()([inputs, vectors])

    def _vectors(self, units: int, name: str) -> Tensor:
        table = keras.layers.Embedding(self.classes, units)
        return self._loaded(table, self.labels, [self.weights[f"{name}.embedding"]])


def _split(images: Tensor, groups: int) -> list[Tensor]:
    runs: list[Tensor] = keras.ops.split(images, groups, axis=-1) if groups > 1 else [images]
    return runs


def _layer(place: Place) -> Any:  # noqa: ANN401 - Keras has no types.
    """Return Keras's layer that is equal at inference."""
    layers = keras.layers
    match place.layer:
        case Dense(units=units, bias=bias):
            return layers.Dense(units, use_bias=bias)
        case BatchNorm(momentum=momentum, epsilon=epsilon):
            return layers.BatchNormalization(momentum=momentum, epsilon=epsilon)
        case LayerNorm(epsilon=epsilon):
            axes = list(range(1, len(place.shape) + 1))
            return layers.LayerNormalization(axes, epsilon)
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
