"""Normalisation, of values and of kernels: the formulas of `gankit.layers`.

Each returns its value and, if it has any, the running state after its pass.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from gankit.layers import BatchNorm
from gankit_numpy.operations import matmul, mean_over, reshape, total
from gankit_numpy.tape import Tracked, Value, constant

Moments: TypeAlias = tuple[Tracked, Tracked]
"""Mean and (biased) variance."""


def moments(inputs: Tracked, axes: tuple[int, ...]) -> Moments:
    """Return mean and variance over `axes`, which remain as axes of length 1."""
    mean = mean_over(inputs, axes, keep=True)
    centred = inputs - mean
    return mean, mean_over(centred * centred, axes, keep=True)


def normalise(inputs: Tracked, statistics: Moments, epsilon: float) -> Tracked:
    """Return `(x - mean) / sqrt(variance + epsilon)`."""
    mean, variance = statistics
    return (inputs - mean) * (variance + epsilon) ** -0.5


def running(layer: BatchNorm, old: Value, halves: Tracked) -> Value:
    """Return the running mean or variance after a pass with these statistics of its halves."""
    momentum, batch = layer.momentum, halves.value.reshape(-1, *old.shape).mean(axis=0)
    return np.asarray(momentum * old + (1 - momentum) * batch)


def power_iteration(kernel: Value, u: Value) -> Value:
    """Return `normalised(W' normalised(W u))`, one iteration towards W's largest."""
    rows = kernel.reshape(-1, kernel.shape[-1])
    return _normalised(rows.T @ _normalised(rows @ u))


def spectral(kernel: Tracked, u: Value) -> Tracked:
    """Return the kernel over its largest singular value, `|W u|` (Miyato et al. 2018)."""
    columns = kernel.shape[-1]
    stretched = matmul(reshape(kernel, (-1, columns)), constant(u.reshape(columns, 1)))
    return kernel * total(stretched * stretched) ** -0.5


def _normalised(vector: Value) -> Value:
    length = np.linalg.norm(vector)
    return np.asarray(vector / length) if length else vector
