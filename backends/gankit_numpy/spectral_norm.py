"""Spectral normalisation (Miyato et al. 2018), by the formulas of `gankit.layers.Dense`."""

from __future__ import annotations

import numpy as np

from gankit_numpy.operations import matmul, reshape, total
from gankit_numpy.tape import Tracked, Value, constant


def power_iteration(kernel: Value, u: Value) -> Value:
    """Return `normalised(W' normalised(W u))`: u, closer to the first singular vector of W."""
    rows = kernel.reshape(-1, kernel.shape[-1])
    return _normalised(rows.T @ _normalised(rows @ u))


def spectral_normalize(kernel: Tracked, u: Value) -> Tracked:
    """Return the kernel divided by `|W u|`, the estimate of its largest singular value."""
    columns = kernel.shape[-1]
    product = matmul(reshape(kernel, (-1, columns)), constant(u.reshape(columns, 1)))
    return kernel * total(product * product) ** -0.5


def _normalised(vector: Value) -> Value:
    length = np.linalg.norm(vector)
    return np.asarray(vector / length) if length else vector
