"""Spectral normalisation (Miyato et al. 2018), by the formulas of `gankit.layers.Dense`."""

from __future__ import annotations

import torch
from torch import Tensor

from gankit_torch.forward import ForwardSettings


def spectral_normalize(kernel: Tensor, u: Tensor | None, settings: ForwardSettings) -> Tensor:
    """Return the kernel divided by the estimate of its largest singular value.

    Parameters
    ----------
    kernel
        `(..., out)`; all axes but the last are its rows.
    u
        `(out,)` running state: the estimate is `|W u|`. In training mode one power iteration
        updates it. Without u the kernel is returned unchanged.
    """
    if u is None:
        return kernel
    rows = kernel.flatten(0, -2)
    direction = _power_iteration(rows, u) if settings.training else u
    if settings.moving:
        u.copy_(direction)
    normalised: Tensor = kernel / (rows @ direction).norm()
    return normalised


@torch.no_grad()
def _power_iteration(rows: Tensor, u: Tensor) -> Tensor:
    return _unit(rows.T @ _unit(rows @ u))


def _unit(vector: Tensor) -> Tensor:
    unit: Tensor = vector / vector.norm()
    return unit
