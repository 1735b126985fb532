"""One forward pass of a network of layers, by the formulas of `gankit.layers`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from gankit.contract.random_streams import keep_probability
from gankit.functional import defaults
from gankit.functional.defaults import Namespace
from gankit.functional.normalize import (
    batch_deviations,
    batch_moments,
    mean_of_groups,
    moments,
    normalize,
    power_iteration,
    spectral_norm,
)
from gankit.functional.operations import Operations, Tensor, Tensors
from gankit.functional.terms import distances
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

Weighted: TypeAlias = Dense | Conv | ConvTranspose | Projection
Normalised: TypeAlias = Weighted | SelfAttention
"""Layers that may have spectral norm."""


@dataclass
class ForwardPass:
    """A forward pass; `run` returns the outputs and fills `running`.

    Attributes
    ----------
    ops
        The operations on all tensors.
    weights
        The network's weights and running state, by name.
    labels
        `(n, classes)` one-hot labels, if the network is class-conditional.
    masks
        Which values each dropout layer keeps, by the layer's name; None at inference.
    halves
        Number of concatenated batches, each with its own batch statistics.
    others
        The network's inputs after the first.
    running
        The running state after the pass, by name; empty at inference.
    """

    ops: Operations
    weights: Mapping[str, Tensor]
    labels: Tensor | None = None
    masks: Mapping[str, Tensor] | None = None
    halves: int = 1
    others: tuple[Tensor, ...] = ()
    running: Tensors = field(default_factory=dict)

    def run(self, spec: Spec, x: Tensor, prefix: str = "") -> Tensor:
        """Return the outputs of some layers.

        Parameters
        ----------
        spec
            The layers.
        x
            `(n, ...)` inputs, the first ones if the network has several.
        prefix
            The beginning of the layers' names; "" by default.
        """
        wanted = joined(spec)
        first, kept = x, dict[int, Tensor]()
        for position, layer in enumerate(spec):
            if isinstance(layer, Concat):
                x = self._append(layer, x, kept)
            elif isinstance(layer, ReconstructionLogit):
                errors = distances(self.ops, layer.distance, x, first)
                x = -self.ops.xp.reshape(errors, (-1, 1))
            else:
                x = self._apply(layer, f"{prefix}{position}", x)
            if position in wanted:
                kept[position] = x
        return x

    def _append(self, layer: Concat, x: Tensor, kept: Mapping[int, Tensor]) -> Tensor:
        """Return `x` with the features of an earlier layer, or of another input."""
        source = layer.source
        added = self.others[int(layer.input) - 1] if source is None else kept[source]
        return self.ops.xp.concatenate([x, added], axis=len(x.shape) - 1)

    def _apply(self, layer: Layer, name: str, x: Tensor) -> Tensor:
        match layer:
            case Dense() | Projection():
                return self._product(layer, name, x)
            case Conv() | ConvTranspose():
                return self._convolution(layer, name, x)
            case MinibatchStd():
                return self._append_deviation(layer, name, x)
            case SelfAttention():
                return self._attend(layer, name, x)
            case Embedding(units=units):
                return self._embed(name, x, units)
            case BatchNorm() | LayerNorm() | InstanceNorm():
                return self._normalize(layer, name, x)
            case Residual(layers=layers, shortcut=shortcut):
                made = self.run(layers, x, f"{name}.layers.")
                return made + self.run(shortcut, x, f"{name}.shortcut.")
            case Dropout(rate=rate):
                return x if self.masks is None else self._drop(x, self.masks[name], rate)
        return _plain(self.ops, layer, x)

    def _kernel(self, layer: Normalised, name: str, role: str = "kernel") -> Tensor:
        """Return the layer's kernel, or its embedding, with spectral norm if it has that."""
        kernel, vector = self.weights[f"{name}.{role}"], f"{name}.{role}_u"
        if not layer.spectral:
            return kernel
        u = self.weights[vector]
        if self.masks is not None:
            u = self.running[vector] = power_iteration(self.ops, kernel, u)
        return kernel / spectral_norm(self.ops.xp, kernel, self.ops.constant(u))

    def _product(self, layer: Dense | Projection, name: str, x: Tensor) -> Tensor:
        xp = self.ops.xp
        made = xp.matmul(x, self._kernel(layer, name))
        if isinstance(layer, Projection):
            rows = xp.matmul(self.labels, self._kernel(layer, name, "embedding"))
            made = made + xp.sum(x * rows, axis=1, keepdims=True)
        return self._biased(layer, name, made)

    def _convolution(self, layer: Conv | ConvTranspose, name: str, x: Tensor) -> Tensor:
        kernel = self._kernel(layer, name)
        sizes = {"stride": layer.stride, "padding": layer.padding}
        if isinstance(layer, ConvTranspose):
            made = self.ops.conv_transpose(x, kernel, **sizes)
        elif layer.kernel == layer.stride == layer.groups == 1:
            made = _pixel_product(self.ops.xp, x, kernel)
        else:
            made = self.ops.conv(x, kernel, **sizes, groups=layer.groups)
        return self._biased(layer, name, made)

    def _attend(self, layer: SelfAttention, name: str, x: Tensor) -> Tensor:
        """Return `x` plus, at each pixel, a sum over all pixels."""
        xp, (_, height, width, channels) = self.ops.xp, x.shape

        def product(rows: Tensor, role: str) -> Tensor:
            kernel = self._kernel(layer, name, role)
            return xp.matmul(xp.reshape(rows, (-1, kernel.shape[0])), kernel)

        pixels = (-1, height * width, layer.units)
        queries, keys, values = (
            xp.reshape(product(x, role), pixels) for role in ("query", "key", "value")
        )
        shares = _softmax(self.ops, self.ops.row_products(queries, keys))
        sums = product(xp.matmul(shares, values), "output")
        sums = xp.reshape(sums, (-1, height, width, channels))
        return x + self.weights[f"{name}.gamma"] * sums

    def _biased(self, layer: Weighted, name: str, made: Tensor) -> Tensor:
        return self.ops.add_bias(made, self.weights[f"{name}.bias"]) if layer.bias else made

    def _embed(self, name: str, x: Tensor, units: int) -> Tensor:
        xp, sides = self.ops.xp, len(x.shape) - 2
        rows = xp.matmul(self.labels, self.weights[f"{name}.embedding"])
        if sides:  # The same numbers at every pixel.
            rows = xp.reshape(rows, (-1, *(1,) * sides, units)) * xp.ones_like(x[..., :1])
        return xp.concatenate([x, rows], axis=sides + 1)

    def _normalize(
        self, layer: BatchNorm | LayerNorm | InstanceNorm, name: str, x: Tensor
    ) -> Tensor:
        if isinstance(layer, BatchNorm):
            return self._normalize_batch(layer, name, x)
        xp, axes = self.ops.xp, tuple(range(1, len(x.shape)))
        affine = self.weights[f"{name}.gamma"], self.weights[f"{name}.beta"]
        over = (1, 2) if isinstance(layer, InstanceNorm) else axes
        return normalize(xp, x, moments(xp, x, over), affine, layer.epsilon)

    def _normalize_batch(self, layer: BatchNorm, name: str, x: Tensor) -> Tensor:
        xp, axes = self.ops.xp, tuple(range(1, len(x.shape)))
        affine = self._affine(layer, name, (-1, *(1,) * (len(x.shape) - 2)))
        old = self.weights[f"{name}.mean"], self.weights[f"{name}.variance"]
        if self.masks is None:
            return normalize(xp, x, old, affine, layer.epsilon)
        halves = xp.reshape(x, (self.halves, -1, *x.shape[1:]))
        statistics = batch_moments(xp, self.ops.sums, halves, axes)
        for role, before, each in zip(("mean", "variance"), old, statistics, strict=True):
            batch = xp.mean(xp.reshape(each, (self.halves, -1)), axis=0)
            moved = layer.momentum * before + (1 - layer.momentum) * self.ops.constant(batch)
            self.running[f"{name}.{role}"] = moved
        affine = self._affine(layer, name, (self.halves, -1, *(1,) * (len(x.shape) - 2)))
        made = normalize(xp, halves, statistics, affine, layer.epsilon)
        return xp.reshape(made, (-1, *x.shape[1:]))

    def _affine(
        self, layer: BatchNorm, name: str, images: tuple[int, ...]
    ) -> tuple[Tensor, Tensor]:
        """Return gamma and beta; those of each image's class have the axes `images` in front."""
        if not layer.conditional:
            return self.weights[f"{name}.gamma"], self.weights[f"{name}.beta"]
        xp = self.ops.xp
        scale, shift = (
            xp.reshape(xp.matmul(self.labels, table), (*images, table.shape[1]))
            for table in (self.weights[f"{name}.scale"], self.weights[f"{name}.shift"])
        )
        return 1 + scale, shift

    def _append_deviation(self, layer: MinibatchStd, name: str, x: Tensor) -> Tensor:
        """Return `x` with one more feature, at every pixel of an image."""
        xp, sides = self.ops.xp, (1,) * (len(x.shape) - 1)
        running = self.weights[f"{name}.deviation"]
        ones = xp.ones_like(x[..., :1])
        if self.masks is None:
            added = ones * running
        else:
            found = batch_deviations(xp, self.ops.sums, x, self.halves, layer)
            moved = mean_of_groups(xp, self.ops.sums, self.ops.constant(found), layer)
            moved = layer.momentum * running + (1 - layer.momentum) * moved
            self.running[f"{name}.deviation"] = moved
            grouped = (-1, layer.group) if layer.group else (self.halves, -1)
            groups = xp.reshape(ones, (*grouped, *ones.shape[1:]))
            added = xp.reshape(groups * xp.reshape(found, (-1, 1, *sides)), (-1, *ones.shape[1:]))
        return xp.concatenate([x, added], axis=len(sides))

    def _drop(self, x: Tensor, mask: Tensor, rate: float) -> Tensor:
        """Zero what the mask does not keep, and scale the rest."""
        scaled = x * (1 / keep_probability(rate))
        return self.ops.xp.where(mask, scaled, self.ops.xp.zeros_like(scaled))


def _plain(ops: Operations, layer: Layer, x: Tensor) -> Tensor:
    """Return the outputs of a layer without weights, equal in training and at inference."""
    xp = ops.xp
    match layer:
        case LeakyReLU(slope=slope):
            return ops.leaky_relu(x, slope)
        case ReLU():
            return ops.relu(x)
        case Tanh():
            return xp.tanh(x)
        case Sigmoid():
            return ops.sigmoid(x)
        case ClassLogit():
            return xp.concatenate([defaults.row_logsumexp(xp, ops.constant, x), x], axis=1)
        case Upsample(factor=factor):
            return ops.upsample(x, factor)
        case BlurPool():
            return defaults.blur_pool(xp, x)
        case BlurUpsample():
            return defaults.blur_upsample(xp, x)
        case AveragePool(size=size):
            return ops.average_pool(x, size)
        case Flatten():
            return xp.reshape(x, (-1, math.prod(x.shape[1:])))
        case Reshape(shape=shape):
            return xp.reshape(x, (-1, *shape))
    raise TypeError(f"got layer {layer}; expected one of gankit.layers")


def _softmax(ops: Operations, x: Tensor) -> Tensor:
    """Return the softmax over the last of three axes, without overflow."""
    exponentials = ops.xp.exp(x - ops.constant(ops.xp.max(x, axis=2, keepdims=True)))
    return exponentials / ops.xp.sum(exponentials, axis=2, keepdims=True)


def _pixel_product(xp: Namespace, x: Tensor, kernel: Tensor) -> Tensor:
    """Return the convolution with a `(1, 1, channels, filters)` kernel: a product at each pixel.

    On a CPU, the convolutions of TensorFlow and XLA take longer, with their derivatives up to 1.6
    and 12 times as long (docs/performance.md).
    """
    _, height, width, channels = x.shape
    filters = kernel.shape[3]
    made = xp.matmul(xp.reshape(x, (-1, channels)), xp.reshape(kernel, (channels, filters)))
    return xp.reshape(made, (-1, height, width, filters))
