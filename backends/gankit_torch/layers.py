"""Specs as modules, with weights in the core's names and layouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn

from gankit import layers

Factors: TypeAlias = Callable[[int, torch.Size, float], Tensor]
"""(layer's position, shape, rate) -> what dropout multiplies by: 0, or 1 / chance of keeping."""


class Sequential(nn.Sequential):
    """A network of a spec; a layer's name is its position, so weights are "0.kernel"."""

    def __init__(self, spec: layers.Spec, shape: layers.Shape) -> None:
        trail = layers.shapes(spec, shape)
        super().__init__(*(_module(layer, size) for layer, size in zip(spec, trail, strict=False)))

    def forward(self, inputs: Tensor, factors: Factors | None = None) -> Tensor:
        """Return the outputs; `factors` means training mode."""
        for position, module in enumerate(self):
            if not isinstance(module, Dropout):
                inputs = module(inputs)
            elif factors:
                inputs = inputs * factors(position, inputs.shape, module.rate)
        return inputs

    @property
    def drops(self) -> bool:
        """Whether any layer draws random numbers."""
        return any(isinstance(module, Dropout) for module in self)


class Dense(nn.Module):
    """`inputs @ kernel + bias`, with the kernel `(in, out)`."""

    def __init__(self, inputs: int, units: int, *, bias: bool) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(inputs, units))
        self.bias = nn.Parameter(torch.empty(units)) if bias else None

    def forward(self, inputs: Tensor) -> Tensor:
        """Return `(n, units)`."""
        if self.bias is None:
            return inputs @ self.kernel
        return torch.addmm(self.bias, inputs, self.kernel)


class Dropout(nn.Module):
    """A place where `Sequential` multiplies by the core's masks."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate


class Reshape(nn.Module):
    """Give each image's values another shape."""

    def __init__(self, shape: layers.Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, inputs: Tensor) -> Tensor:
        """Return `(n, *shape)`."""
        return inputs.reshape(len(inputs), *self.shape)


def _module(layer: layers.Layer, shape: layers.Shape) -> nn.Module:
    match layer:
        case layers.Dense(units=units, bias=bias):
            return Dense(shape[0], units, bias=bias)
        case layers.LeakyReLU(slope=slope):
            return nn.LeakyReLU(slope)
        case layers.ReLU():
            return nn.ReLU()
        case layers.Tanh():
            return nn.Tanh()
        case layers.Sigmoid():
            return nn.Sigmoid()
        case layers.Dropout(rate=rate):
            return Dropout(rate)
        case layers.Flatten():
            return nn.Flatten()
        case layers.Reshape(shape=target):
            return Reshape(target)
