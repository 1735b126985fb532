"""Image layers, of `(n, height, width, channels)`; inside they use torch's `channels_last` format.

Permuting copies nothing: the memory layout that the core calls NHWC is torch's `channels_last`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from gankit import layers
from gankit_torch.convolution import convolve, convolve_back
from gankit_torch.convolution_kernels import Geometry
from gankit_torch.forward import ForwardSettings
from gankit_torch.spectral_norm import spectral_normalize


class Conv(nn.Module):
    """Convolution with the kernel `(k, k, in / groups, filters)`."""

    kernel_u: Tensor | None

    def __init__(self, layer: layers.Conv, channels: int) -> None:
        super().__init__()
        self.layer = layer
        side, filters = layer.kernel, layer.filters
        self.kernel = nn.Parameter(torch.empty(side, side, channels // layer.groups, filters))
        self.bias = nn.Parameter(torch.empty(filters)) if layer.bias else None
        self.register_buffer("kernel_u", torch.empty(filters) if layer.spectral else None)

    def forward(self, inputs: Tensor, settings: ForwardSettings) -> Tensor:
        """Return `(n, height, width, filters)`."""
        kernel = _one_layout(
            spectral_normalize(self.kernel, self.kernel_u, settings).permute(3, 2, 0, 1)
        )
        layer, (height, width) = self.layer, inputs.shape[1:3]
        geometry = Geometry(layer.stride, layer.padding, layer.groups, (height, width))
        return _convolve(partial(convolve, geometry=geometry), inputs, kernel, self.bias, settings)


class ConvTranspose(nn.Module):
    """Transposed convolution with the kernel `(k, k, in, filters)`."""

    kernel_u: Tensor | None

    def __init__(self, layer: layers.ConvTranspose, channels: int) -> None:
        super().__init__()
        self.layer = layer
        side, filters = layer.kernel, layer.filters
        self.kernel = nn.Parameter(torch.empty(side, side, channels, filters))
        self.bias = nn.Parameter(torch.empty(filters)) if layer.bias else None
        self.register_buffer("kernel_u", torch.empty(filters) if layer.spectral else None)

    def forward(self, inputs: Tensor, settings: ForwardSettings) -> Tensor:
        """Return `(n, height, width, filters)`."""
        kernel = _one_layout(
            spectral_normalize(self.kernel, self.kernel_u, settings).permute(2, 3, 0, 1)
        )
        layer = self.layer
        height, width, _ = layers.layer_shape(layer, tuple(inputs.shape[1:]))
        geometry = Geometry(layer.stride, layer.padding, 1, (height, width))
        return _convolve(
            partial(convolve_back, geometry=geometry), inputs, kernel, self.bias, settings
        )


class Upsample(nn.Module):
    """Repeat each pixel along both sides."""

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, inputs: Tensor, _settings: ForwardSettings) -> Tensor:
        """Return `(n, height * factor, width * factor, channels)`.

        Uses "nearest-exact": torch's plain "nearest" is wrong at factors such as 41.
        """
        images = channels_first(inputs)
        larger = functional.interpolate(images, scale_factor=self.factor, mode="nearest-exact")
        return channels_last(larger)


class AveragePool(nn.Module):
    """Average over adjacent squares."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, inputs: Tensor, _settings: ForwardSettings) -> Tensor:
        """Return `(n, height / size, width / size, channels)`."""
        return channels_last(functional.avg_pool2d(channels_first(inputs), self.size))


class BlurPool(nn.Module):
    """Blur by [1, 2, 1] along both sides, and keep every second pixel."""

    def forward(self, inputs: Tensor, _settings: ForwardSettings) -> Tensor:
        """Return `(n, height / 2, width / 2, channels)`."""
        images, kernel = channels_first(inputs), _blur(inputs) / 16
        channels = inputs.shape[-1]
        return channels_last(
            functional.conv2d(images, kernel, stride=2, padding=1, groups=channels)
        )


class BlurUpsample(nn.Module):
    """Double both sides by the kernel [1, 2, 1]."""

    def forward(self, inputs: Tensor, _settings: ForwardSettings) -> Tensor:
        """Return `(n, 2 * height, 2 * width, channels)`."""
        images, kernel = channels_first(inputs), _blur(inputs) / 4
        larger = functional.conv_transpose2d(
            images, kernel, stride=2, padding=1, output_padding=1, groups=inputs.shape[-1]
        )
        return channels_last(larger)


def _blur(images: Tensor) -> Tensor:
    """Return `(channels, 1, 3, 3)`: the products of [1, 2, 1] with itself, for each channel."""
    row = 2 - images.new_tensor([-1, 0, 1]).abs()
    return (row[:, None] * row).expand(images.shape[-1], 1, 3, 3).contiguous()


def _one_layout(kernel: Tensor) -> Tensor:
    """Return the kernel, contiguous if it has one filter or one channel.

    With a side of 1 the strides of a permuted kernel fit two layouts. PyTorch's CPU kernels then
    get a gradient in the layout that they do not support.
    """
    return kernel.contiguous() if 1 in kernel.shape[:2] else kernel


def _convolve(
    convolve: Callable[..., Tensor],
    inputs: Tensor,
    kernel: Tensor,
    bias: Tensor | None,
    settings: ForwardSettings,
) -> Tensor:
    """Return `(n, height, width, filters)`; the bias is not a factor, and is never rounded."""
    images = channels_first(inputs)
    if not settings.mixed:
        return channels_last(convolve(images, kernel, bias))
    outputs = channels_last(settings.multiply(convolve, images, kernel))
    return outputs if bias is None else outputs + bias


def channels_first(images: Tensor) -> Tensor:
    """View `(n, height, width, channels)` as `(n, channels, height, width)`."""
    return images.permute(0, 3, 1, 2)


def channels_last(images: Tensor) -> Tensor:
    """View `(n, channels, height, width)` as `(n, height, width, channels)`."""
    return images.permute(0, 2, 3, 1)
