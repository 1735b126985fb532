"""Spectral normalisation (Miyato et al. 2018), by the formulas of `gankit.layers.Dense`."""

from __future__ import annotations

from gankit_keras.framework import Tensor, tf


def power_iteration(kernel: Tensor, u: Tensor) -> Tensor:
    """Return `normalised(W' normalised(W u))`: u, closer to the first singular vector of W."""
    rows = tf.stop_gradient(_rows(kernel))
    left = _normalised(tf.linalg.matvec(rows, u))
    return _normalised(tf.linalg.matvec(rows, left, transpose_a=True))


def spectral_normalize(kernel: Tensor, u: Tensor) -> Tensor:
    """Return the kernel divided by `|W u|`, the estimate of its largest singular value."""
    product = tf.linalg.matvec(_rows(kernel), u)
    return kernel / tf.sqrt(tf.reduce_sum(tf.square(product)))


def _rows(kernel: Tensor) -> Tensor:
    return tf.reshape(kernel, (-1, kernel.shape[-1]))


def _normalised(vector: Tensor) -> Tensor:
    return tf.math.divide_no_nan(vector, tf.norm(vector))
