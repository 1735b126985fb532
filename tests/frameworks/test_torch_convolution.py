"""gankit's convolutions in torch: PyTorch's numbers, all derivatives, and no needless work."""

from collections import Counter

import pytest

from tests.selection import selected

if not selected("torch"):
    pytest.skip("torch is not among the backends under test", allow_module_level=True)

import torch
from gankit_torch import convolution_kernels
from gankit_torch.convolution import convolve, convolve_back
from gankit_torch.convolution_kernels import Geometry
from torch.nn import functional

SHAPES = {
    "strided": (3, 6, 4, 2, 1, 1),
    "grouped": (6, 4, 3, 1, 1, 2),
    "many channels": (6, 4, 3, 1, 1, 1),
    "pixels": (6, 4, 1, 1, 0, 1),
    "strided pixels": (6, 4, 1, 2, 0, 1),
    "one channel": (1, 4, 3, 1, 0, 1),
}
"""Channels, filters, side of the kernel, stride, padding, groups."""


def made(name, side=6):
    channels, filters, k, stride, padding, groups = SHAPES[name]
    random = torch.Generator().manual_seed(1)

    def values(*shape):
        return torch.randn(*shape, generator=random, dtype=torch.float64)

    images = values(2, side, side, channels).permute(0, 3, 1, 2)
    kernel = values(k, k, channels // groups, filters).permute(3, 2, 0, 1)
    geometry = Geometry(stride, padding, groups, (side, side))
    return images, kernel, values(filters), geometry


@pytest.mark.parametrize("name", SHAPES)
def test_outputs_and_both_derivatives_are_those_of_pytorch(name):
    images, kernel, bias, geometry = made(name)
    inputs = [each.requires_grad_() for each in (images, kernel, bias)]
    stride, padding, groups = geometry.stride, geometry.padding, geometry.groups
    expected = functional.conv2d(*inputs, stride, padding, groups=groups)
    found = convolve(*inputs, geometry=geometry)
    torch.testing.assert_close(found, expected)
    pulled = torch.randn_like(expected)
    for one, other in zip(
        torch.autograd.grad(found, inputs, pulled),
        torch.autograd.grad(expected, inputs, pulled),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", SHAPES)
def test_second_derivatives_are_those_of_differences(name):
    images, kernel, bias, geometry = made(name)
    inputs = tuple(each.requires_grad_() for each in (images, kernel, bias))
    assert torch.autograd.gradgradcheck(lambda *x: convolve(*x, geometry=geometry).sin(), inputs)


@pytest.mark.parametrize("name", ["strided", "many channels", "one channel"])
def test_a_transposed_convolution_is_that_of_pytorch_and_can_be_differentiated_twice(name):
    images, kernel, _, geometry = made(name)
    shape = functional.conv2d(images, kernel, None, geometry.stride, geometry.padding).shape
    gradient, bias = torch.randn(shape).double(), torch.randn(kernel.shape[1]).double()
    inputs = tuple(each.requires_grad_() for each in (gradient, kernel, bias))
    expected = functional.conv_transpose2d(*inputs, geometry.stride, geometry.padding)
    torch.testing.assert_close(convolve_back(*inputs, geometry=geometry), expected)
    assert torch.autograd.gradcheck(lambda *x: convolve_back(*x, geometry=geometry), inputs)
    assert torch.autograd.gradgradcheck(
        lambda *x: convolve_back(*x, geometry=geometry).sin(), inputs
    )


@pytest.mark.parametrize("wanted", ["images", "kernel"])
def test_no_other_derivative_is_computed_than_the_wanted_one(monkeypatch, wanted):
    images, kernel, bias, geometry = made("many channels")
    leaves = {"images": images.requires_grad_(), "kernel": kernel.requires_grad_()}
    calls = Counter()
    for name in ("by_images", "by_kernel"):
        real = getattr(convolution_kernels, name)

        def counted(*args, name=name, real=real):
            calls[name] += 1
            return real(*args)

        monkeypatch.setattr(convolution_kernels, name, counted)
    loss = convolve(images * 1, kernel * 1, bias, geometry=geometry).sum()
    torch.autograd.grad(loss, leaves[wanted], create_graph=True)
    assert calls == {f"by_{wanted}": 1}


def test_images_keep_their_memory_layout():
    images, kernel, _, geometry = made("many channels")
    images.requires_grad_()
    outputs = convolve(images, kernel, geometry=geometry)
    (gradient,) = torch.autograd.grad(outputs.sum(), images)
    for each in (outputs, gradient):
        assert each.is_contiguous(memory_format=torch.channels_last)
