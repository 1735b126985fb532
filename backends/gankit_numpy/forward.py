"""One forward pass of a network: the value of each layer, by the formulas of `gankit.layers`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from gankit.contract import AnyLabels, LabelFormat, State
from gankit.contract.random_streams import keep_probability
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
    Layer,
    LayerNorm,
    LeakyReLU,
    MinibatchStd,
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
)
from gankit_numpy import norms, spectral_norm
from gankit_numpy.dropout_masks import Masks
from gankit_numpy.image_layers import (
    average_pool,
    blur_pool,
    blur_upsample,
    convolve,
    convolve_transposed,
    upsample,
)
from gankit_numpy.operations import (
    absolute,
    affine,
    concatenate,
    leaky_relu,
    logsumexp,
    matmul,
    mean_over,
    relu,
    reshape,
    rows,
    sigmoid,
    softmax,
    sum_over,
    swap,
    tanh,
)
from gankit_numpy.tape import Tracked, constant, expand

Weighted: TypeAlias = Dense | Conv | ConvTranspose | Projection | SelfAttention


@dataclass
class ForwardPass:
    """One forward pass of a network.

    Attributes
    ----------
    weights
        The network's weights and running state, by name.
    labels
        `(n,)` classes or `(n, columns)` vectors, if the network is conditional.
    masks
        Dropout masks, in training mode; None at inference.
    halves
        Number of concatenated batches, fakes and reals: each has its own batch statistics.
    others
        The network's inputs after the first.
    label_format
        The form of the labels.
    running
        The running state after the pass; the update decides whether to store it.
    numbers
        The numbers of the remaining layers, as `gankit.layers.walk` counts them.
    """

    weights: Mapping[str, Tracked]
    labels: AnyLabels | None = None
    masks: Masks | None = None
    halves: int = 1
    others: tuple[Tracked, ...] = ()
    label_format: LabelFormat = field(default_factory=LabelFormat)
    running: State = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self, spec: Spec, inputs: Tracked, prefix: str = "") -> Tracked:
        """Return the outputs of the layers of `spec`, whose names begin with `prefix`."""
        wanted = joined(spec)
        first, kept = inputs, dict[int, Tracked]()
        for position, layer in enumerate(spec):
            if isinstance(layer, Concat):
                inputs = self._append(layer, inputs, kept)
            elif isinstance(layer, ReconstructionLogit):
                inputs = self._reconstruction_logit(layer, inputs, first)
            else:
                inputs = self._apply(layer, inputs, f"{prefix}{position}")
            if position in wanted:
                kept[position] = inputs
        return inputs

    def _append(self, layer: Concat, inputs: Tracked, kept: Mapping[int, Tracked]) -> Tracked:
        """Append the features of an earlier layer, or of another input of the network."""
        next(self.numbers)
        source = layer.source
        added = self.others[int(layer.input) - 1] if source is None else kept[source]
        return concatenate([inputs, added], len(inputs.shape) - 1)

    def _reconstruction_logit(
        self, layer: ReconstructionLogit, outputs: Tracked, inputs: Tracked
    ) -> Tracked:
        """Return `(n, 1)`: minus the mean distance of an autoencoder's outputs from its inputs."""
        next(self.numbers)
        error = reshape(outputs - inputs, (inputs.shape[0], -1))
        distances = absolute(error) if layer.distance == "l1" else error * error
        return -reshape(mean_over(distances, (1,)), (-1, 1))

    def _apply(self, layer: Layer, inputs: Tracked, name: str) -> Tracked:
        number = next(self.numbers)
        match layer:
            case Dense():
                return self._multiply(layer, inputs, name)
            case Conv():
                outputs = convolve(layer, inputs, self._kernel(layer, name))
                return self._add_bias(layer, outputs, name)
            case ConvTranspose():
                outputs = convolve_transposed(layer, inputs, self._kernel(layer, name))
                return self._add_bias(layer, outputs, name)
            case Projection():
                vectors = self._rows(self._kernel(layer, name, "embedding"), inputs.shape[0])
                products = sum_over(inputs * vectors, (1,), keep=True)
                return self._multiply(layer, inputs, name) + products
            case MinibatchStd():
                return self._append_deviation(layer, inputs, name)
            case SelfAttention():
                return self._attend(layer, inputs, name)
            case Embedding():
                return self._embed(inputs, name)
            case BatchNorm() | LayerNorm() | InstanceNorm():
                return self._normalise(layer, inputs, name)
            case Residual(layers=layers, shortcut=shortcut):
                outputs = self.run(layers, inputs, f"{name}.layers.")
                return outputs + self.run(shortcut, inputs, f"{name}.shortcut.")
            case Dropout(rate=rate):
                return self._drop(inputs, number, rate)
        return _apply_without_weights(layer, inputs)

    def _kernel(self, layer: Weighted, name: str, weight: str = "kernel") -> Tracked:
        """Return the layer's kernel or embedding; spectrally normalised if `layer.spectral`."""
        kernel, vector = self.weights[f"{name}.{weight}"], f"{name}.{weight}_u"
        if not layer.spectral:
            return kernel
        u = self.weights[vector].value
        if self.masks:
            u = self.running[vector] = spectral_norm.power_iteration(kernel.value, u)
        return spectral_norm.spectral_normalize(kernel, u)

    def _attend(self, layer: SelfAttention, inputs: Tracked, name: str) -> Tracked:
        """Add to each pixel a sum over all pixels, by the weights of a softmax."""
        n, *sides, channels = inputs.shape
        rows = reshape(inputs, (-1, channels))
        queries, keys, values = (
            reshape(matmul(rows, self._kernel(layer, name, role)), (n, -1, layer.units))
            for role in ("query", "key", "value")
        )
        sums = matmul(softmax(matmul(queries, swap(keys))), values)
        outputs = matmul(reshape(sums, (-1, layer.units)), self._kernel(layer, name, "output"))
        return inputs + self.weights[f"{name}.gamma"] * reshape(outputs, (n, *sides, channels))

    def _multiply(self, layer: Dense | Projection, inputs: Tracked, name: str) -> Tracked:
        kernel = self._kernel(layer, name)
        if layer.bias:
            return affine(inputs, kernel, self.weights[f"{name}.bias"])
        return matmul(inputs, kernel)

    def _add_bias(self, layer: Conv | ConvTranspose, outputs: Tracked, name: str) -> Tracked:
        return outputs + self.weights[f"{name}.bias"] if layer.bias else outputs

    def _rows(self, table: Tracked, count: int) -> Tracked:
        """Return each image's vector, `(count, units)`: a row of an embedding, or a product."""
        self.label_format.check(self.labels, count)
        if self.label_format.columns:
            return matmul(constant(np.asarray(self.labels, table.value.dtype)), table)
        return rows(table, np.asarray(self.labels))

    def _embed(self, inputs: Tracked, name: str) -> Tracked:
        vectors = self._rows(self.weights[f"{name}.embedding"], inputs.shape[0])
        n, *sides, _ = inputs.shape
        units = vectors.shape[-1]
        at_pixels = expand(reshape(vectors, (n, *(1 for _ in sides), units)), (n, *sides, units))
        return concatenate([inputs, at_pixels], len(sides) + 1)

    def _normalise(
        self, layer: BatchNorm | LayerNorm | InstanceNorm, inputs: Tracked, name: str
    ) -> Tracked:
        if isinstance(layer, LayerNorm):
            axes = tuple(range(1, len(inputs.shape)))
            outputs = norms.normalise(inputs, norms.moments(inputs, axes), layer.epsilon)
        elif isinstance(layer, InstanceNorm):
            outputs = norms.normalise(inputs, norms.moments(inputs, (1, 2)), layer.epsilon)
        elif self.masks:
            outputs = self._normalise_batch(layer, inputs, name)
        else:
            statistics = self.weights[f"{name}.mean"], self.weights[f"{name}.variance"]
            outputs = norms.normalise(inputs, statistics, layer.epsilon)
        gamma, beta = self._affine(layer, inputs, name)
        return outputs * gamma + beta

    def _affine(
        self, layer: BatchNorm | LayerNorm | InstanceNorm, inputs: Tracked, name: str
    ) -> tuple[Tracked, Tracked]:
        """Return gamma and beta, of all images or of each image's class."""
        if not (isinstance(layer, BatchNorm) and layer.conditional):
            return self.weights[f"{name}.gamma"], self.weights[f"{name}.beta"]
        n, *sides, channels = inputs.shape
        scale, shift = (
            reshape(
                self._rows(self.weights[f"{name}.{role}"], n), (n, *(1 for _ in sides), channels)
            )
            for role in ("scale", "shift")
        )
        return 1.0 + scale, shift

    def _normalise_batch(self, layer: BatchNorm, inputs: Tracked, name: str) -> Tracked:
        """Normalise each half by its own statistics; update running state with their mean."""
        halves = reshape(inputs, (self.halves, -1, *inputs.shape[1:]))
        statistics = norms.moments(halves, tuple(range(1, len(halves.shape) - 1)))
        for statistic, batch in zip(("mean", "variance"), statistics, strict=True):
            old = self.weights[f"{name}.{statistic}"].value
            self.running[f"{name}.{statistic}"] = norms.running_statistic(layer, old, batch)
        return reshape(norms.normalise(halves, statistics, layer.epsilon), inputs.shape)

    def _append_deviation(self, layer: MinibatchStd, inputs: Tracked, name: str) -> Tracked:
        """Append how much the images of a batch, or of each group of it, differ."""
        n, *sides, _ = inputs.shape
        running = self.weights[f"{name}.deviation"]
        if not self.masks:
            added = expand(running, (n, *sides, 1))
        else:
            found = norms.group_deviations(inputs, layer, self.halves)
            self.running[f"{name}.deviation"] = norms.running_statistic(layer, running.value, found)
            groups = found.shape[0]
            at_images = expand(reshape(found, (groups, 1)), (groups, n // groups))
            at_images = reshape(at_images, (n, *(1 for _ in sides), 1))
            added = expand(at_images, (n, *sides, 1))
        return concatenate([inputs, added], len(sides) + 1)

    def _drop(self, inputs: Tracked, number: int, rate: float) -> Tracked:
        if self.masks is None:
            return inputs
        mask = self.masks(number, inputs.shape, rate)
        return inputs * np.multiply(mask, 1 / keep_probability(rate), dtype=inputs.value.dtype)


def _apply_without_weights(layer: Layer, inputs: Tracked) -> Tracked:
    """Return the value of a layer without weights that is equal in training and inference."""
    match layer:
        case LeakyReLU(slope=slope):
            return leaky_relu(inputs, slope)
        case ReLU():
            return relu(inputs)
        case Tanh():
            return tanh(inputs)
        case Sigmoid():
            return sigmoid(inputs)
        case ClassLogit():
            return concatenate([reshape(logsumexp(inputs), (-1, 1)), inputs], 1)
        case Upsample(factor=factor):
            return upsample(inputs, factor)
        case BlurPool():
            return blur_pool(inputs)
        case BlurUpsample():
            return blur_upsample(inputs)
        case AveragePool(size=size):
            return average_pool(inputs, size)
        case Flatten():
            return reshape(inputs, (inputs.shape[0], -1))
        case Reshape(shape=shape):
            return reshape(inputs, (inputs.shape[0], *shape))
    raise TypeError(f"got layer {layer!r}; expected one of gankit.layers")
