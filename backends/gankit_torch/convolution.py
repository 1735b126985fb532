"""A convolution that can be differentiated any number of times.

Its outputs, and its derivatives by its images and by its kernel, are the three partial derivatives
of one number, `sum(convolution(images, kernel) * gradient)`, which is linear in each of the three.
So the derivative of any of them is another of them. PyTorch's own second derivative computes the
groups of a grouped convolution one by one.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

from gankit_torch import convolution_kernels as kernels
from gankit_torch.convolution_kernels import Geometry

Gradients: TypeAlias = tuple[Tensor | None, ...]


def convolve(
    images: Tensor, kernel: Tensor, bias: Tensor | None = None, *, geometry: Geometry
) -> Tensor:
    """Return the outputs, `(n, filters, height, width)`.

    Parameters
    ----------
    images
        `(n, channels, height, width)`.
    kernel
        `(filters, channels / groups, k, k)`.
    bias
        `(filters,)`; None, the default, for none.
    geometry
        How the kernel moves.
    """
    if _is_exported():
        return kernels.outputs(images, kernel, bias, geometry)
    if kernels.is_pixel_product(kernel, geometry):
        rows = images.movedim(1, -1)
        return functional.linear(rows, kernel.flatten(1), bias).movedim(-1, 1)
    made: Tensor = _Outputs.apply(images, kernel, bias, geometry)  # type: ignore[no-untyped-call]
    return made


def convolve_back(
    gradient: Tensor, kernel: Tensor, bias: Tensor | None = None, *, geometry: Geometry
) -> Tensor:
    """Return the derivative by the images, which is a transposed convolution of `gradient`.

    Parameters
    ----------
    gradient
        `(n, filters, height, width)`.
    kernel, geometry
        As in `convolve`; `geometry.side` is that of what is returned.
    bias
        `(channels,)`, added to what is returned; None, the default, for none.
    """
    if _is_exported():
        stride, padding = geometry.stride, geometry.padding
        return functional.conv_transpose2d(gradient, kernel, bias, stride, padding)
    made: Tensor = _ByImages.apply(gradient, kernel, bias, geometry)  # type: ignore[no-untyped-call]
    return made


def _is_exported() -> bool:
    """Return whether the operations are recorded for a file, which shall have PyTorch's own."""
    return torch.compiler.is_exporting() or torch.jit.is_tracing()  # type: ignore[attr-defined,no-untyped-call]


def _by_kernel(images: Tensor, gradient: Tensor, like: Tensor, geometry: Geometry) -> Tensor:
    made: Tensor = _ByKernel.apply(images, gradient, like.detach(), geometry)  # type: ignore[no-untyped-call]
    return made


def _by_bias(gradient: Tensor) -> Tensor:
    return gradient.sum((0, 2, 3))


class _Outputs(Function):
    """The outputs, from images and kernel."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, kernel: Tensor, *rest: Any) -> Tensor:  # noqa: ANN401 - torch's.
        bias, geometry = rest
        ctx.save_for_backward(images, kernel)
        ctx.geometry = geometry
        return kernels.outputs(images, kernel, bias, geometry)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Gradients:  # noqa: ANN401 - torch's.
        (images, kernel), geometry = ctx.saved_tensors, ctx.geometry
        by_images, by_kernel, by_bias = _needed(ctx)
        return (
            convolve_back(gradient, kernel, geometry=geometry) if by_images else None,
            _by_kernel(images, gradient, kernel, geometry) if by_kernel else None,
            _by_bias(gradient) if by_bias else None,
            None,
        )


class _ByImages(Function):
    """The derivative by the images, from gradient and kernel."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, kernel: Tensor, *rest: Any) -> Tensor:  # noqa: ANN401 - torch's.
        bias, geometry = rest
        ctx.save_for_backward(gradient, kernel)
        ctx.geometry = geometry
        images = kernels.by_images(gradient, kernel, geometry)
        return images if bias is None else images.add_(bias[:, None, None])

    @staticmethod
    def backward(ctx: Any, images: Tensor) -> Gradients:  # noqa: ANN401 - torch's.
        (gradient, kernel), geometry = ctx.saved_tensors, ctx.geometry
        by_gradient, by_kernel, by_bias = _needed(ctx)
        return (
            convolve(images, kernel, geometry=geometry) if by_gradient else None,
            _by_kernel(images, gradient, kernel, geometry) if by_kernel else None,
            _by_bias(images) if by_bias else None,
            None,
        )


class _ByKernel(Function):
    """The derivative by the kernel, from images and gradient."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, gradient: Tensor, *rest: Any) -> Tensor:  # noqa: ANN401 - torch's.
        like, geometry = rest
        ctx.save_for_backward(images, gradient)
        ctx.geometry = geometry
        return kernels.by_kernel(images, gradient, like, geometry)

    @staticmethod
    def backward(ctx: Any, kernel: Tensor) -> Gradients:  # noqa: ANN401 - torch's.
        (images, gradient), geometry = ctx.saved_tensors, ctx.geometry
        by_images, by_gradient, _ = _needed(ctx)
        return (
            convolve_back(gradient, kernel, geometry=geometry) if by_images else None,
            convolve(images, kernel, geometry=geometry) if by_gradient else None,
            None,
            None,
        )


def _needed(ctx: Any) -> list[bool]:  # noqa: ANN401 - torch's.
    """Return whether this call of the engine needs the derivative by each of three inputs.

    `needs_input_grad` tells whether any call may. An image's gradient for a penalty needs none by
    kernels, nor does the generator's update by those of the discriminator.
    """
    nodes = [node for node, _ in ctx.next_functions]  # Of tensors: without a bias that is None.
    return [
        may and _will_run(node)
        for may, node in zip(ctx.needs_input_grad[:3], [*nodes, None], strict=False)
    ]


def _will_run(node: Any) -> bool:  # noqa: ANN401 - torch's.
    try:
        runs: bool = torch._C._will_engine_execute_node(node)
    except RuntimeError:  # A leaf, of which PyTorch does not tell.
        return True
    return runs
