"""A PyTorch loop over a recipe's networks, as a careful tutorial would write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from loops.problems import SHAPE
from loops.recipes import Recipe, named
from loops.torch_modules import modules


def loop(
    images: np.ndarray,
    recipe: str,
    channels_last: bool = False,
    frozen: bool = False,
    batch: int | None = None,
    device: str = "cpu",
    compiled: bool = False,
    bfloat16: bool = False,
) -> Callable[[int], None]:
    """Return a function that runs n steps of a recipe.

    With `channels_last` the networks and the images have that memory format; with `frozen` the
    generator's step computes no gradient of the discriminator's weights. With `compiled` both
    networks are compiled, but not for penalties: `torch.compile` has no second derivatives. With
    `bfloat16` steps run under `torch.autocast`.
    """
    known = named(recipe, batch)
    layout: dict[str, Any] = {
        "memory_format": torch.channels_last if channels_last else torch.contiguous_format
    }
    latent, batch = known.problem.latent, known.step_shape.batch
    generator = modules(known.generator, (latent,)).to(device, **layout)
    discriminator = modules(known.discriminator, SHAPE).to(device, **layout)
    g_adam, d_adam = (
        torch.optim.Adam(
            network.parameters(), known.rate, (known.beta1, known.beta2), known.epsilon
        )
        for network in (generator, discriminator)
    )
    data = torch.from_numpy((images.astype(np.float32) - 127.5) / 127.5)
    data = data.permute(0, 3, 1, 2).to(device).contiguous(**layout)
    d_loss, g_loss = LOSSES[known.problem.loss.name]
    make, judge = (
        torch.compile(network) if compiled else network for network in (generator, discriminator)
    )

    def reals() -> Tensor:
        return data[torch.randint(len(data), (batch,), device=device)].contiguous(**layout)

    def noise() -> Tensor:
        return torch.randn(batch, latent, device=device)

    @torch.autocast(torch.device(device).type, torch.bfloat16, enabled=bfloat16)
    def run(steps: int) -> None:
        for _ in range(steps):
            for _ in range(known.step_shape.n_critic):
                real = reals()
                with torch.no_grad():
                    fake = make(noise())
                loss = penalties(known, discriminator, real, fake)
                loss = loss + d_loss(judge(real), judge(fake))
                d_adam.zero_grad()
                loss.backward()
                d_adam.step()
            discriminator.requires_grad_(not frozen)
            fake = judge(make(noise()))
            real = judge(reals()) if known.problem.loss.paired else fake
            g_adam.zero_grad()
            g_loss(real, fake).backward()
            g_adam.step()
            discriminator.requires_grad_(True)

    return run


def penalties(
    recipe: Recipe, discriminator: torch.nn.Module, real: Tensor, fake: Tensor
) -> Tensor | float:
    """Return the sum of the recipe's gradient penalties."""
    total: Tensor | float = 0.0
    for penalty, weight in zip(recipe.problem.penalties, recipe.weights, strict=True):
        mixed = torch.rand(len(real), 1, 1, 1, device=real.device)
        points = {"real": real, "fake": fake}.get(penalty.where)
        points = torch.lerp(fake, real, mixed) if points is None else points
        points = points.detach().requires_grad_()
        logits = discriminator(points).sum()
        (gradient,) = torch.autograd.grad(logits, points, create_graph=True)
        squares = gradient.square().sum((1, 2, 3))
        if penalty.target:
            excess = (squares + penalty.epsilon).sqrt() - penalty.target
            total = total + weight * excess.square().mean()
        else:
            total = total + weight / 2 * squares.mean()
    return total


LOSSES: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor, Tensor], Tensor]]] = {
    "nonsaturating": (
        lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
        lambda _, fake: softplus(-fake).mean(),
    ),
    "hinge": (
        lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(),
        lambda _, fake: -fake.mean(),
    ),
    "wasserstein": (
        lambda real, fake: fake.mean() - real.mean(),
        lambda _, fake: -fake.mean(),
    ),
    "relativistic": (
        lambda real, fake: softplus(fake - real).mean(),
        lambda real, fake: softplus(real - fake).mean(),
    ),
}
"""The losses of both networks, from the logits of real and of generated images."""
