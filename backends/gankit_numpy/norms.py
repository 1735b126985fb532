"""Batch and layer normalisation, by the formulas of `gankit.layers`."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from gankit.layers import BatchNorm, MinibatchStd
from gankit_numpy.operations import mean_over, reshape
from gankit_numpy.tape import Tracked, Value

Moments: TypeAlias = tuple[Tracked, Tracked]
"""Mean and (biased) variance."""


def moments(inputs: Tracked, axes: tuple[int, ...]) -> Moments:
    """Return mean and variance over `axes`, which remain as axes of length 1."""
    mean = mean_over(inputs, axes, keep=True)
    centred = inputs - mean
    return mean, mean_over(centred * centred, axes, keep=True)


def group_deviations(inputs: Tracked, layer: MinibatchStd, halves: int) -> Tracked:
    """Return how much the images of each group differ, by the formula of the layer.

    `(n, ...)` values to `(groups, 1)` numbers; without groups, each of the `halves` is one.
    """
    groups = inputs.shape[0] // layer.group if layer.group else halves
    _, variance = moments(reshape(inputs, (groups, -1, *inputs.shape[1:])), (1,))
    return mean_over(reshape((variance + layer.epsilon) ** 0.5, (groups, -1)), (1,), keep=True)


def normalise(inputs: Tracked, statistics: Moments, epsilon: float) -> Tracked:
    """Return `(x - mean) / sqrt(variance + epsilon)`."""
    mean, variance = statistics
    return (inputs - mean) * (variance + epsilon) ** -0.5


def running_statistic(layer: BatchNorm | MinibatchStd, old: Value, halves: Tracked) -> Value:
    """Return a running statistic after a pass, given that statistic of each half or group."""
    momentum, batch = layer.momentum, halves.value.reshape(-1, *old.shape).mean(axis=0)
    return np.asarray(momentum * old + (1 - momentum) * batch)
