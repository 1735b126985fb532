"""Only the products and convolutions that a step of a recipe needs, by gankit's torch kernels.

They have gankit's settings of precision: oneDNN where it is exact, TF32 only by its variable.

Left out are gradients that nothing uses: by the images in an update of the discriminator, by its
weights in one of the generator, by the noise, and by real images in the generator's update.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from gankit_torch.convolution_kernels import (
    Geometry,
    by_images,
    by_kernel,
    is_pixel_product,
    outputs,
)
from gankit_torch.matmul import float32_products
from torch import Tensor

from gankit import layers
from loops.recipes import Recipe, named

Work = Callable[[], object]
NORMS = (layers.BatchNorm, layers.LayerNorm)
"""Layers through which the second derivative reaches the first pass again."""


def loop(
    _images: np.ndarray,
    recipe: str,
    batch: int | None = None,
    device: str = "cpu",
    bfloat16: bool = False,
) -> Callable[[int], None]:
    """Return a function that computes what n steps need."""
    known = named(recipe, batch)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16 if bfloat16 else torch.float32)
    try:
        with torch.device(device):
            step = list(_step(known))
    finally:
        torch.set_default_dtype(before)

    @float32_products
    @torch.no_grad()
    def run(steps: int) -> None:
        for _ in range(steps):
            for work in step:
                work()

    return run


def _step(known: Recipe) -> Iterator[Work]:
    """Yield the products of a step."""
    batch, problem = known.step_shape.batch, known.problem
    generator = problem.places("generator")
    discriminator = problem.places("discriminator")
    for update in range(1, known.step_shape.n_critic + 1):
        if not (problem.shares_generated and update == known.step_shape.n_critic):
            yield from _pass(generator, batch, "outputs")
        yield from _pass(discriminator, 2 * batch, "outputs", "weights", "inputs")
        for number in range(len(problem.penalties)):
            if number in problem.separate_penalties:
                yield from _pass(discriminator, batch, "outputs")
            yield from _pass(discriminator, batch, "inputs", first=True)
            yield from _pass(discriminator, batch, "outputs", "weights")
            if any(isinstance(place.layer, NORMS) for place in discriminator):
                yield from _pass(discriminator, batch, "inputs", "weights")
    yield from _pass(generator, batch, "outputs", "weights", "inputs")
    yield from _pass(discriminator, batch, "outputs")
    yield from _pass(discriminator, batch, "inputs", first=True)
    if problem.loss.paired:
        yield from _pass(discriminator, batch, "outputs")


def _pass(
    places: list[layers.Place], count: int, *wanted: str, first: bool = False
) -> Iterator[Work]:
    """Yield what some derivatives of `count` images need, by the first inputs only if `first`."""
    weighted = [p for p in places if isinstance(p.layer, WEIGHTED)]
    for number, place in enumerate(weighted):
        works = _works(place, count)
        for name in wanted:
            if name != "inputs" or number or first:
                yield works[name]


WEIGHTED = (layers.Dense, layers.Conv, layers.ConvTranspose)


def _works(place: layers.Place, count: int) -> dict[str, Work]:
    """Return the outputs of a layer and its derivatives, each as a function."""
    layer, shape = place.layer, place.shape
    assert isinstance(layer, WEIGHTED)
    made = layers.layer_shape(layer, shape)
    x, gradient = _random(count, shape), _random(count, made)
    if isinstance(layer, layers.Dense):
        kernel = torch.randn(shape[0], layer.units)
        return {
            "outputs": lambda: x @ kernel,
            "inputs": lambda: gradient @ kernel.t(),
            "weights": lambda: x.t() @ gradient,
        }
    if isinstance(layer, layers.ConvTranspose):
        geometry = Geometry(layer.stride, layer.padding, 1, (made[0], made[1]))
        kernel = torch.randn(layer.kernel, layer.kernel, shape[2], made[2]).permute(2, 3, 0, 1)
        return {
            "outputs": lambda: by_images(x, kernel, geometry),
            "inputs": lambda: outputs(gradient, kernel, None, geometry),
            "weights": lambda: by_kernel(gradient, x, kernel, geometry),
        }
    geometry = Geometry(layer.stride, layer.padding, layer.groups, (shape[0], shape[1]))
    channels = shape[2] // layer.groups
    kernel = torch.randn(layer.kernel, layer.kernel, channels, made[2]).permute(3, 2, 0, 1)
    if is_pixel_product(kernel, geometry):
        rows, pulled = (each.permute(0, 2, 3, 1).flatten(0, 2) for each in (x, gradient))
        matrix = kernel.flatten(1)
        return {
            "outputs": lambda: rows @ matrix.t(),
            "inputs": lambda: pulled @ matrix,
            "weights": lambda: pulled.t() @ rows,
        }
    return {
        "outputs": lambda: outputs(x, kernel, None, geometry),
        "inputs": lambda: by_images(gradient, kernel, geometry),
        "weights": lambda: by_kernel(x, gradient, kernel, geometry),
    }


def _random(count: int, shape: layers.Shape) -> Tensor:
    """Return random rows; images have torch's shape and are channels-last in memory."""
    values = torch.randn(count, *shape)
    return values.permute(0, 3, 1, 2) if len(shape) == 3 else values
