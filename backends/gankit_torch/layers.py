"""Specs as modules; their weights have the core's names and layouts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from gankit import layers
from gankit_torch.attention import SelfAttention
from gankit_torch.conditional import Embedding, Projection
from gankit_torch.forward import ForwardSettings
from gankit_torch.image_layers import (
    AveragePool,
    BlurPool,
    BlurUpsample,
    Conv,
    ConvTranspose,
    Upsample,
)
from gankit_torch.norms import BatchNorm, InstanceNorm, LayerNorm, MinibatchStd
from gankit_torch.spectral_norm import spectral_normalize


class Sequential(nn.ModuleList):
    """Layers in sequence; a layer's name is its position, so weights are "0.kernel".

    `joined` are the positions of those that a later `Concat` appends.
    """

    def __init__(self, modules: Iterable[nn.Module], joined: frozenset[int]) -> None:
        super().__init__(modules)
        self.joined = joined

    def forward(
        self, inputs: Tensor, settings: ForwardSettings, count: int | None = None
    ) -> Tensor:
        """Return the outputs of one pass, of the first `count` layers if it is given."""
        first, kept = inputs, dict[int, Tensor]()
        for position, module in enumerate(itertools.islice(self, count)):
            if isinstance(module, Concat):
                inputs = module(inputs, settings, kept)
            elif isinstance(module, ReconstructionLogit):
                inputs = module(inputs, first)
            else:
                inputs = module(inputs, settings)
            if position in self.joined:
                kept[position] = inputs
        return inputs


class Concat(nn.Module):
    """Append the features of an earlier layer, or of another input of the network."""

    def __init__(self, layer: layers.Concat) -> None:
        super().__init__()
        self.input, self.source = layer.input, layer.source

    def forward(
        self, inputs: Tensor, settings: ForwardSettings, kept: Mapping[int, Tensor]
    ) -> Tensor:
        """Return `(n, ..., features)`, those of the inputs first.

        `kept` are the outputs of earlier layers, by position.
        """
        added = settings.others[int(self.input) - 1] if self.source is None else kept[self.source]
        return torch.cat([inputs, added], dim=-1)


class ReconstructionLogit(nn.Module):
    """Minus the mean distance of an autoencoder's outputs from its inputs."""

    def __init__(self, distance: layers.Distance) -> None:
        super().__init__()
        self.distance = distance

    def forward(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        """Return `(n, 1)`."""
        error = (outputs - inputs).flatten(1)
        distances = error.abs() if self.distance == "l1" else error.square()
        return -distances.mean(1, keepdim=True)


class Dense(nn.Module):
    """`inputs @ kernel + bias`, with the kernel `(in, out)`."""

    kernel_u: Tensor | None

    def __init__(self, layer: layers.Dense, features: int) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(features, layer.units))
        self.bias = nn.Parameter(torch.empty(layer.units)) if layer.bias else None
        self.register_buffer("kernel_u", torch.empty(layer.units) if layer.spectral else None)

    def forward(self, inputs: Tensor, settings: ForwardSettings) -> Tensor:
        """Return `(n, units)`."""
        kernel = spectral_normalize(self.kernel, self.kernel_u, settings)
        if self.bias is None:
            return settings.multiply(torch.matmul, inputs, kernel)
        if settings.mixed:
            return settings.multiply(torch.mm, inputs, kernel) + self.bias
        return torch.addmm(self.bias, inputs, kernel)


class Dropout(nn.Module):
    """Multiply by the core's masks in training."""

    def __init__(self, place: layers.Place, rate: float) -> None:
        super().__init__()
        self.place, self.rate = place, rate

    def forward(self, inputs: Tensor, settings: ForwardSettings) -> Tensor:
        """Return the inputs' shape."""
        if settings.dropout is None:
            return inputs
        return inputs * settings.dropout(self.place, inputs.shape, self.rate)


class Pointwise(nn.Module):
    """A function of each image, without weights."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, inputs: Tensor, _settings: ForwardSettings) -> Tensor:
        """Return the function of the inputs."""
        return self.function(inputs)


class LeakyReLU(nn.Module):
    """`max(x, slope * x)`."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, inputs: Tensor, _settings: ForwardSettings) -> Tensor:
        """Return the inputs' shape."""
        return functional.leaky_relu(inputs, self.slope)


class Reshape(nn.Module):
    """Reshape each image's values."""

    def __init__(self, shape: layers.Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, inputs: Tensor, _settings: ForwardSettings) -> Tensor:
        """Return `(n, *shape)`."""
        return inputs.reshape(inputs.shape[0], *self.shape)


class Residual(nn.Module):
    """`layers(x) + shortcut(x)`."""

    def __init__(self, layers: Sequential, shortcut: Sequential) -> None:
        super().__init__()
        self.layers, self.shortcut = layers, shortcut

    def forward(self, inputs: Tensor, settings: ForwardSettings) -> Tensor:
        """Return the sum."""
        outputs: Tensor = self.layers(inputs, settings) + self.shortcut(inputs, settings)
        return outputs


def _with_class_logit(inputs: Tensor) -> Tensor:
    return torch.cat([inputs.logsumexp(1, keepdim=True), inputs], 1)


def build_layers(spec: layers.Spec, shape: layers.Shapes, classes: int) -> Sequential:
    """Return `spec` as a module for inputs of `shape`; its weights are not initialised."""
    return _build_sequential(spec, iter(layers.walk(spec, shape)), classes)


def _build_sequential(
    spec: layers.Spec, places: Iterator[layers.Place], classes: int
) -> Sequential:
    """Build the layers of `spec`, which are the next `places`."""
    modules = (_build_layer(next(places), places, classes) for _ in spec)
    return Sequential(modules, layers.joined(spec))


def _build_layer(place: layers.Place, inside: Iterator[layers.Place], classes: int) -> nn.Module:
    """Build one layer, and from the next places the layers inside it."""
    match place.layer:
        case layers.Dense() as layer:
            return Dense(layer, place.shape[-1])
        case layers.Conv() as layer:
            return Conv(layer, place.shape[-1])
        case layers.ConvTranspose() as layer:
            return ConvTranspose(layer, place.shape[-1])
        case layers.Upsample(factor=factor):
            return Upsample(factor)
        case layers.AveragePool(size=size):
            return AveragePool(size)
        case layers.BlurPool():
            return BlurPool()
        case layers.BlurUpsample():
            return BlurUpsample()
        case layers.MinibatchStd() as layer:
            return MinibatchStd(layer)
        case layers.SelfAttention() as layer:
            return SelfAttention(layer, place.shape[-1])
        case layers.BatchNorm() as layer:
            return BatchNorm(layer, place.shape[-1], classes)
        case layers.LayerNorm() as layer:
            return LayerNorm(layer, place.shape[-1])
        case layers.InstanceNorm() as layer:
            return InstanceNorm(layer, place.shape[-1])
        case layers.Concat() as layer:
            return Concat(layer)
        case layers.ReconstructionLogit(distance=distance):
            return ReconstructionLogit(distance)
        case layers.Embedding(units=units):
            return Embedding(units, classes)
        case layers.Projection() as layer:
            return Projection(layer, place.shape[-1], classes)
        case layers.LeakyReLU(slope=slope):
            return LeakyReLU(slope)
        case layers.ReLU():
            return Pointwise(torch.relu)
        case layers.Tanh():
            return Pointwise(torch.tanh)
        case layers.Sigmoid():
            return Pointwise(torch.sigmoid)
        case layers.ClassLogit():
            return Pointwise(_with_class_logit)
        case layers.Dropout(rate=rate):
            return Dropout(place, rate)
        case layers.Flatten():
            return Reshape((math.prod(place.shape),))
        case layers.Reshape(shape=target):
            return Reshape(target)
        case layers.Residual(layers=main, shortcut=shortcut):
            return Residual(
                _build_sequential(main, inside, classes),
                _build_sequential(shortcut, inside, classes),
            )
