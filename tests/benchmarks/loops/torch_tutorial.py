"""A PyTorch loop as in a careful tutorial."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from loops import BATCH, BETA1, BETA2, DISCRIMINATOR, DROP, GENERATOR, LATENT, RATE, SLOPE


def stack(*widths: int, drop: float = 0.0) -> nn.Sequential:
    """Return dense layers; the last one has no activation or dropout."""
    layers: list[nn.Module] = []
    for inputs, units in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, units), nn.LeakyReLU(SLOPE)]
        layers += [nn.Dropout(drop)] if drop else []
    return nn.Sequential(*layers[: -2 if drop else -1])


def loop(images: np.ndarray) -> Callable[[int], None]:
    """Return a function that runs n steps."""
    generator = nn.Sequential(stack(*GENERATOR), nn.Tanh())
    discriminator = stack(*DISCRIMINATOR, drop=DROP)
    g_adam = torch.optim.Adam(generator.parameters(), RATE, (BETA1, BETA2))
    d_adam = torch.optim.Adam(discriminator.parameters(), RATE, (BETA1, BETA2))
    data = torch.from_numpy((images.reshape(len(images), -1).astype(np.float32) - 127.5) / 127.5)
    target = torch.cat([torch.zeros(BATCH, 1), torch.ones(BATCH, 1)])

    def run(steps: int) -> None:
        for _ in range(steps):
            noise = torch.randn(BATCH, LATENT)
            real = data[torch.randint(len(data), (BATCH,))]
            joined = torch.cat([generator(noise).detach(), real])
            d_adam.zero_grad()
            cross_entropy(discriminator(joined), target).backward()
            d_adam.step()
            g_adam.zero_grad()
            cross_entropy(discriminator(generator(noise)), target[BATCH:]).backward()
            g_adam.step()

    return run
