"""Remove spectral norm from a generator: divide each kernel by its singular value.

At inference the singular value is a constant, `|W u|`, so the quotient is a plain kernel, which
any tool can use.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from gankit._utils.state import State
from gankit.contract import Problem
from gankit.layers import (
    Conv,
    ConvTranspose,
    Dense,
    Layer,
    Projection,
    Residual,
    SelfAttention,
    Spec,
    as_spec,
)


def folded(problem: Problem, weights: State) -> tuple[Problem, State]:
    """Return the problem and its generator's weights for `Export.write`, in float32.

    Parameters
    ----------
    problem
        A problem whose generator consists of gankit layers.
    weights
        The generator's weights and running state by name.
    """
    generator = _without(as_spec(problem.generator, "generator"))
    plain = dataclasses.replace(problem, generator=generator, precision="float32")
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
