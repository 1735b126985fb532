"""Normalisation, of values and of kernels."""

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


def power_iteration(kernel: Tensor, u: Tensor) -> Tensor:
    """Return `normalised(W' normalised(W u))`, one iteration towards W's largest."""
    rows = tf.stop_gradient(_rows(kernel))
    left = _normalised(tf.linalg.matvec(rows, u))
    return _normalised(tf.linalg.matvec(rows, left, transpose_a=True))


def spectral(kernel: Tensor, u: Tensor) -> Tensor:
    """Return the kernel over its largest singular value, `|W u|` (Miyato et al. 2018)."""
    stretched = tf.linalg.matvec(_rows(kernel), u)
    return kernel / tf.sqrt(tf.reduce_sum(tf.square(stretched)))


def _rows(kernel: Tensor) -> Tensor:
    return tf.reshape(kernel, (-1, kernel.shape[-1]))


def _normalised(vector: Tensor) -> Tensor:
    return tf.math.divide_no_nan(vector, tf.norm(vector))
