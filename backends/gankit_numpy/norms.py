"""Batch and layer normalisation, by the formulas of `gankit.layers`."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from gankit.layers import BatchNorm
from gankit_numpy.operations import mean_over
from gankit_numpy.tape import Tracked, Value

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


def running_statistic(layer: BatchNorm, old: Value, halves: Tracked) -> Value:
    """Return the running mean or variance after a pass, given that statistic of each half."""
    momentum, batch = layer.momentum, halves.value.reshape(-1, *old.shape).mean(axis=0)
    return np.asarray(momentum * old + (1 - momentum) * batch)
