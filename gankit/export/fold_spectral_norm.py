"""Remove spectral norm from a network: divide each kernel by its singular value.

At inference the singular value is a constant, `|W u|`, so the quotient is a plain kernel, which
any tool can use.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from gankit._utils.state import State
from gankit.contract.export_format import ExportedNetwork
from gankit.layers import (
    Conv,
    ConvTranspose,
    Dense,
    Layer,
    Projection,
    Residual,
    SelfAttention,
    Spec,
)


def folded(network: ExportedNetwork, weights: State) -> tuple[ExportedNetwork, State]:
    """Return the network and its weights for `Export.write`, in float32.

    Parameters
    ----------
    network
        The network.
    weights
        Its weights and running state by name.
    """
    plain = dataclasses.replace(network, layers=_without(network.layers))
    return plain, {
        name: _divided(name, array, weights).astype(np.float32)
        for name, array in weights.items()
        if not name.endswith("_u")
    }


def _divided(name: str, array: np.ndarray, weights: State) -> np.ndarray:
    """Return a kernel divided by its singular value, if the state has its vector u."""
    u = weights.get(f"{name}_u")
    if u is None:
        return array
    rows = array.reshape(-1, array.shape[-1])
    return np.asarray(array / np.linalg.norm(rows @ u))


def _without(spec: Spec) -> Spec:
    return tuple(_plain(layer) for layer in spec)


def _plain(layer: Layer) -> Layer:
    if isinstance(layer, Residual):
        return dataclasses.replace(
            layer, layers=_without(layer.layers), shortcut=_without(layer.shortcut)
        )
    if isinstance(layer, Dense | Conv | ConvTranspose | Projection | SelfAttention):
        return dataclasses.replace(layer, spectral=False)
    return layer
