"""Spectral normalisation (Miyato et al. 2018), as `gankit.layers.Dense` writes it."""

from __future__ import annotations

import torch
from torch import Tensor

from gankit_torch.passes import Pass


def divided(kernel: Tensor, u: Tensor | None, how: Pass) -> Tensor:
    """Return the kernel over its largest singular value as `u` estimates it; unchanged without u.

    Parameters
    ----------
    kernel
        `(..., out)`; its rows are all axes but the last.
    u
        `(out,)` running state, updated by one power iteration in a training pass that moves it.
    """
    if u is None:
        return kernel
    rows = kernel.flatten(0, -2)
    direction = _iterated(rows, u) if how.training else u
    if how.moves:
        u.copy_(direction)
    scaled: Tensor = kernel / (rows @ direction).norm()
    return scaled


@torch.no_grad()
def _iterated(rows: Tensor, u: Tensor) -> Tensor:
    return _unit(rows.T @ _unit(rows @ u))


def _unit(vector: Tensor) -> Tensor:
    unit: Tensor = vector / vector.norm()
    return unit
