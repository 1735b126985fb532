"""Specs as modules, with weights in the core's names and layouts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from gankit import layers
from gankit_torch.conditions import Embedding, Projection
from gankit_torch.images import AveragePool, Conv, ConvTranspose, Upsample
from gankit_torch.norms import BatchNorm, LayerNorm
from gankit_torch.passes import Pass
from gankit_torch.spectral import divided


class Sequential(nn.ModuleList):
    """Layers one after the other; a layer's name is its position, so weights are "0.kernel"."""

    def forward(self, inputs: Tensor, how: Pass) -> Tensor:
        """Return the outputs of one pass."""
        for module in self:
            inputs = module(inputs, how)
        return inputs

    @property
    def drops(self) -> bool:
        """Whether any layer uses random numbers."""
        return any(isinstance(module, Dropout) for module in self.modules())


class Dense(nn.Module):
    """`inputs @ kernel + bias`, with the kernel `(in, out)`."""

    kernel_u: Tensor | None

    def __init__(self, layer: layers.Dense, features: int) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(features, layer.units))
        self.bias = nn.Parameter(torch.empty(layer.units)) if layer.bias else None
        self.register_buffer("kernel_u", torch.empty(layer.units) if layer.spectral else None)

    def forward(self, inputs: Tensor, how: Pass) -> Tensor:
        """Return `(n, units)`."""
        kernel = divided(self.kernel, self.kernel_u, how)
        if self.bias is None:
            return how.product(torch.matmul, inputs, kernel)
        if how.mixed:
            return how.product(torch.mm, inputs, kernel) + self.bias
        return torch.addmm(self.bias, inputs, kernel)


class Dropout(nn.Module):
    """Multiply by the core's masks in training."""

    def __init__(self, place: layers.Place, rate: float) -> None:
        super().__init__()
        self.place, self.rate = place, rate

    def forward(self, inputs: Tensor, how: Pass) -> Tensor:
        """Return the inputs' shape."""
        if how.factors is None:
            return inputs
        return inputs * how.factors(self.place, inputs.shape, self.rate)


class Pointwise(nn.Module):
    """A function of each image, without weights."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, inputs: Tensor, _how: Pass) -> Tensor:
        """Return the function of the inputs."""
        return self.function(inputs)


class LeakyReLU(nn.Module):
    """`max(x, slope * x)`."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, inputs: Tensor, _how: Pass) -> Tensor:
        """Return the inputs' shape."""
        return functional.leaky_relu(inputs, self.slope)


class Reshape(nn.Module):
    """Reshape each image's values."""

    def __init__(self, shape: layers.Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, inputs: Tensor, _how: Pass) -> Tensor:
        """Return `(n, *shape)`."""
        return inputs.reshape(inputs.shape[0], *self.shape)


class Residual(nn.Module):
    """`layers(x) + shortcut(x)`."""

    def __init__(self, layers: Sequential, shortcut: Sequential) -> None:
        super().__init__()
        self.layers, self.shortcut = layers, shortcut

    def forward(self, inputs: Tensor, how: Pass) -> Tensor:
        """Return the sum."""
        outputs: Tensor = self.layers(inputs, how) + self.shortcut(inputs, how)
        return outputs


def network(spec: layers.Spec, shape: layers.Shape, classes: int) -> Sequential:
    """Return `spec` as a module for inputs of `shape`, its weights not yet set."""
    return _sequence(spec, iter(layers.walk(spec, shape)), classes)


def _sequence(spec: layers.Spec, places: Iterator[layers.Place], classes: int) -> Sequential:
    """Build the layers of `spec`, whose places come next."""
    return Sequential(_module(next(places), places, classes) for _ in spec)


def _module(place: layers.Place, inside: Iterator[layers.Place], classes: int) -> nn.Module:
    """Build one layer, and from the places that follow it the layers inside."""
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
        case layers.BatchNorm() as layer:
            return BatchNorm(layer, place.shape[-1])
        case layers.LayerNorm() as layer:
            return LayerNorm(layer, place.shape[-1])
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
        case layers.Dropout(rate=rate):
            return Dropout(place, rate)
        case layers.Flatten():
            return Reshape((math.prod(place.shape),))
        case layers.Reshape(shape=target):
            return Reshape(target)
        case layers.Residual(layers=main, shortcut=shortcut):
            return Residual(_sequence(main, inside, classes), _sequence(shortcut, inside, classes))
