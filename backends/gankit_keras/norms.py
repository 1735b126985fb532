"""Batch and layer normalisation, by the formulas of `gankit.layers`."""

from __future__ import annotations

from typing import TypeAlias

from gankit_keras.framework import Tensor, tf

Pair: TypeAlias = tuple[Tensor, Tensor]


def moments(inputs: Tensor, axes: list[int]) -> Pair:
    """Return mean and (biased) variance over `axes`, which remain as axes of length 1."""
    mean = tf.reduce_mean(inputs, axes, keepdims=True)
    return mean, tf.reduce_mean(tf.square(inputs - mean), axes, keepdims=True)


def normalise(inputs: Tensor, moments: Pair, affine: Pair, epsilon: float) -> Tensor:
    """Return `gamma * (x - mean) / sqrt(variance + epsilon) + beta`."""
    (mean, variance), (gamma, beta) = moments, affine
    return (inputs - mean) * (gamma * tf.math.rsqrt(variance + epsilon)) + beta
