"""A convolution and its two derivatives, each computed in the fastest way known on a CPU.

Images are `(n, channels, height, width)`, channels-last in memory; a kernel is `(filters, channels
/ groups, k, k)`; outputs and their gradients are `(n, filters, ...)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

FEW_CHANNELS = 4
"""Up to so many channels of images, a product and a sum of patches is faster on a CPU than oneDNN's
derivative, which computes at least eight channels (docs/performance.md)."""

_convolution_backward = torch.ops.aten.convolution_backward.default


@dataclass(frozen=True)
class Geometry:
    """How a kernel moves over images.

    Attributes
    ----------
    stride, padding
        Of both sides, in pixels.
    groups
        Groups of channels, each with its own filters.
    side
        Height and width of the images, which their outputs do not tell.
    """

    stride: int
    padding: int
    groups: int
    side: tuple[int, int]


def is_pixel_product(kernel: Tensor, geometry: Geometry) -> bool:
    """Return whether the convolution is a product of matrices: a row for each pixel."""
    return kernel.shape[2] == geometry.stride == geometry.groups == 1 and not geometry.padding


def outputs(images: Tensor, kernel: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    """Return the outputs; `bias` is `(filters,)` or None."""
    stride, padding, groups = geometry.stride, geometry.padding, geometry.groups
    return functional.conv2d(images, kernel, bias, stride, padding, groups=groups)


def by_images(gradient: Tensor, kernel: Tensor, geometry: Geometry) -> Tensor:
    """Return the derivative by the images, given that by the outputs."""
    few = geometry.groups == 1 and kernel.shape[1] <= FEW_CHANNELS
    if few and gradient.device.type == "cpu" and gradient.dtype != torch.bfloat16:
        return _sum_of_patches(gradient, kernel, geometry)
    # PyTorch reads the layout and the shape of images, not the values.
    images = torch.empty(
        (len(gradient), kernel.shape[1] * geometry.groups, *geometry.side),
        dtype=gradient.dtype,
        device=gradient.device,
        memory_format=torch.channels_last,
    )
    return _derivatives(gradient, images, kernel, geometry, [True, False])[0]


def by_kernel(images: Tensor, gradient: Tensor, like: Tensor, geometry: Geometry) -> Tensor:
    """Return the derivative by the kernel, whose shape and layout are those of `like`."""
    return _derivatives(gradient, images, like, geometry, [False, True])[1]


def _derivatives(
    gradient: Tensor, images: Tensor, kernel: Tensor, geometry: Geometry, needed: list[bool]
) -> tuple[Tensor, ...]:
    """Return PyTorch's derivatives by the images and by the kernel, those that are needed."""
    stride, padding = [geometry.stride] * 2, [geometry.padding] * 2
    made: tuple[Tensor, ...] = _convolution_backward(
        gradient,
        images,
        kernel,
        None,
        stride,
        padding,
        [1, 1],
        False,
        [0, 0],
        geometry.groups,
        [*needed, False],
    )
    return made


def _sum_of_patches(gradient: Tensor, kernel: Tensor, geometry: Geometry) -> Tensor:
    """Return the derivative by images: a product makes their patches, which are summed."""
    factors = kernel.flatten(1).t().expand(len(gradient), -1, -1)
    patches = torch.bmm(factors, gradient.flatten(2))
    return functional.fold(
        patches,
        geometry.side,
        kernel.shape[2:],
        padding=geometry.padding,
        stride=geometry.stride,
    )
