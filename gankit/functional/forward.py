"""One forward pass of a network of layers, by the formulas of `gankit.layers`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from gankit.contract.random_streams import keep_chance
from gankit.functional.framework import Framework, Tensor, Tensors
from gankit.functional.normalize import moments, normalized, power_iteration, spectral_norm
from gankit.layers import (
    AveragePool,
    BatchNorm,
    Conv,
    ConvTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    LeakyReLU,
    Projection,
    ReLU,
    Reshape,
    Residual,
    Sigmoid,
    Spec,
    Tanh,
    Upsample,
)

Weighted: TypeAlias = Dense | Conv | ConvTranspose | Projection


@dataclass
class ForwardPass:
    """A forward pass; `run` returns the outputs and fills `running`.

    Attributes
    ----------
    framework
        The framework of all tensors.
    weights
        The network's weights and running state, by name.
    labels
        `(n, classes)` one-hot labels, if the network is class-conditional.
    masks
        Which values each dropout layer keeps, by the layer's name; None at inference.
    halves
        Number of concatenated batches, each with its own batch statistics.
    running
        The running state after the pass, by name; empty at inference.
    """

    framework: Framework
    weights: Mapping[str, Tensor]
    labels: Tensor | None = None
    masks: Mapping[str, Tensor] | None = None
    halves: int = 1
    running: Tensors = field(default_factory=dict)

    def run(self, spec: Spec, x: Tensor, prefix: str = "") -> Tensor:
        """Return the outputs of the layers of `spec`, whose names begin with `prefix`."""
        for position, layer in enumerate(spec):
            x = self._apply(layer, f"{prefix}{position}", x)
        return x

    def _apply(self, layer: Layer, name: str, x: Tensor) -> Tensor:
        match layer:
            case Dense() | Projection():
                return self._product(layer, name, x)
            case Conv() | ConvTranspose():
                return self._convolution(layer, name, x)
            case Embedding(units=units):
                return self._embed(name, x, units)
            case BatchNorm() | LayerNorm():
                made = self._normalize(layer, name, x)
                return made * self.weights[f"{name}.gamma"] + self.weights[f"{name}.beta"]
            case Residual(layers=layers, shortcut=shortcut):
                made = self.run(layers, x, f"{name}.layers.")
                return made + self.run(shortcut, x, f"{name}.shortcut.")
            case Dropout(rate=rate):
                return x if self.masks is None else self._drop(x, self.masks[name], rate)
        return _plain(self.framework, layer, x)

    def _kernel(self, layer: Weighted, name: str, role: str = "kernel") -> Tensor:
        """Return the layer's kernel, or its embedding, with spectral norm if it has that."""
        kernel, vector = self.weights[f"{name}.{role}"], f"{name}.{role}_u"
        if not layer.spectral:
            return kernel
        u = self.weights[vector]
        if self.masks is not None:
            u = self.running[vector] = power_iteration(self.framework, kernel, u)
        return kernel / spectral_norm(self.framework.xp, kernel, self.framework.constant(u))

    def _product(self, layer: Dense | Projection, name: str, x: Tensor) -> Tensor:
        xp = self.framework.xp
        made = xp.matmul(x, self._kernel(layer, name))
        if isinstance(layer, Projection):
            rows = xp.matmul(self.labels, self._kernel(layer, name, "embedding"))
            made = made + xp.sum(x * rows, axis=1, keepdims=True)
        return self._biased(layer, name, made)

    def _convolution(self, layer: Conv | ConvTranspose, name: str, x: Tensor) -> Tensor:
        kernel = self._kernel(layer, name)
        sizes = {"stride": layer.stride, "padding": layer.padding}
        if isinstance(layer, ConvTranspose):
            made = self.framework.conv_transpose(x, kernel, **sizes)
        else:
            made = self.framework.conv(x, kernel, **sizes, groups=layer.groups)
        return self._biased(layer, name, made)

    def _biased(self, layer: Weighted, name: str, made: Tensor) -> Tensor:
        return made + self.weights[f"{name}.bias"] if layer.bias else made

    def _embed(self, name: str, x: Tensor, units: int) -> Tensor:
        xp, (n, *sides, _) = self.framework.xp, x.shape
        rows = xp.matmul(self.labels, self.weights[f"{name}.embedding"])
        rows = xp.reshape(rows, (n, *(1 for _ in sides), units))
        everywhere = xp.broadcast_to(rows, (n, *sides, units))
        return xp.concatenate([x, everywhere], axis=len(sides) + 1)

    def _normalize(self, layer: BatchNorm | LayerNorm, name: str, x: Tensor) -> Tensor:
        xp = self.framework.xp
        if isinstance(layer, LayerNorm):
            statistics = moments(xp, x, tuple(range(1, len(x.shape))))
            return normalized(xp, x, statistics, layer.epsilon)
        old = self.weights[f"{name}.mean"], self.weights[f"{name}.variance"]
        if self.masks is None:
            return normalized(xp, x, old, layer.epsilon)
        apart = xp.reshape(x, (self.halves, -1, *x.shape[1:]))
        statistics = moments(xp, apart, tuple(range(1, len(x.shape))))
        for role, before, halves in zip(("mean", "variance"), old, statistics, strict=True):
            batch = xp.mean(xp.reshape(halves, (self.halves, -1)), axis=0)
            moved = layer.momentum * before + (1 - layer.momentum) * self.framework.constant(batch)
            self.running[f"{name}.{role}"] = moved
        return xp.reshape(normalized(xp, apart, statistics, layer.epsilon), x.shape)

    def _drop(self, x: Tensor, mask: Tensor, rate: float) -> Tensor:
        """Zero what the mask does not keep, and scale the rest."""
        kept = x * (1 / keep_chance(rate))
        return self.framework.xp.where(mask, kept, self.framework.xp.zeros_like(kept))


def _plain(framework: Framework, layer: Layer, x: Tensor) -> Tensor:
    """Return the outputs of a layer without weights, equal in training and at inference."""
    xp, n = framework.xp, x.shape[0]
    match layer:
        case LeakyReLU(slope=slope):
            return xp.where(x > 0, x, slope * x)
        case ReLU():
            return relu(xp, x)
        case Tanh():
            return xp.tanh(x)
        case Sigmoid():
            return framework.sigmoid(x)
        case Upsample(factor=factor):
            _, height, width, channels = x.shape
            pixels = xp.reshape(x, (n, height, 1, width, 1, channels))
            repeated = xp.broadcast_to(pixels, (n, height, factor, width, factor, channels))
            return xp.reshape(repeated, (n, height * factor, width * factor, channels))
        case AveragePool(size=size):
            _, height, width, channels = x.shape
            squares = (n, height // size, size, width // size, size, channels)
            return xp.mean(xp.reshape(x, squares), axis=(2, 4))
        case Flatten():
            return xp.reshape(x, (n, -1))
        case Reshape(shape=shape):
            return xp.reshape(x, (n, *shape))
    raise TypeError(f"got layer {layer}; expected one of gankit.layers")


def relu(xp: object, x: Tensor) -> Tensor:
    """Return max(x, 0), whose derivative at 0 is 0."""
    return xp.where(x > 0, x, xp.zeros_like(x))  # type: ignore[attr-defined]
