"""The networks of a recipe as the modules of `torch.nn` that a person would write."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gankit import layers


class Residual(nn.Module):
    """`main(x) + shortcut(x)`."""

    def __init__(self, main: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.main, self.shortcut = main, shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum."""
        total: Tensor = self.main(x) + self.shortcut(x)
        return total


def modules(spec: layers.Spec, shape: layers.Shape) -> nn.Sequential:
    """Return the layers of `spec` for inputs of `shape`, channels last, as the core has it."""
    return nn.Sequential(*map(_module, spec, layers.shapes(spec, shape)))


def _module(layer: layers.Layer, shape: layers.Shape) -> nn.Module:
    features = shape[-1]
    match layer:
        case layers.Dense(units=units, bias=bias, spectral=spectral):
            return _normed(nn.Linear(features, units, bias=bias), spectral)
        case layers.Conv() as conv:
            made = nn.Conv2d(
                features,
                conv.filters,
                conv.kernel,
                conv.stride,
                conv.padding,
                groups=conv.groups,
                bias=conv.bias,
            )
            return _normed(made, conv.spectral)
        case layers.ConvTranspose() as conv:
            return nn.ConvTranspose2d(
                features, conv.filters, conv.kernel, conv.stride, conv.padding, bias=conv.bias
            )
        case layers.BatchNorm(epsilon=epsilon):
            return nn.BatchNorm2d(features, epsilon)
        case layers.LayerNorm(epsilon=epsilon):
            return nn.GroupNorm(1, features, epsilon)
        case layers.LeakyReLU(slope=slope):
            return nn.LeakyReLU(slope)
        case layers.ReLU():
            return nn.ReLU()
        case layers.Tanh():
            return nn.Tanh()
        case layers.Upsample(factor=factor):
            return nn.Upsample(scale_factor=factor)
        case layers.AveragePool(size=size):
            return nn.AvgPool2d(size)
        case layers.Dropout(rate=rate):
            return nn.Dropout(rate)
        case layers.Flatten():
            return nn.Flatten()
        case layers.Reshape(shape=(height, width, channels)):
            return nn.Unflatten(1, (channels, height, width))
        case layers.Residual(layers=main, shortcut=shortcut):
            return Residual(modules(main, shape), modules(shortcut, shape))
    raise TypeError(f"no module for {layer}")


def _normed(module: nn.Module, spectral: bool) -> nn.Module:
    return spectral_norm(module) if spectral else module
