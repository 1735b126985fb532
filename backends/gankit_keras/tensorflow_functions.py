"""TensorFlow's functions with NumPy's names and arguments: those of `functional.NAMES`."""

from __future__ import annotations

from collections.abc import Sequence

from gankit_keras.framework import Tensor, tf

broadcast_to = tf.broadcast_to
clip = tf.clip_by_value
exp = tf.exp
log = tf.math.log
log1p = tf.math.log1p
matmul = tf.matmul
max = tf.reduce_max  # noqa: A001 - NumPy's name.
mean = tf.reduce_mean
ones_like = tf.ones_like
reshape = tf.reshape
sqrt = tf.sqrt
square = tf.square
sum = tf.reduce_sum  # noqa: A001 - NumPy's name.
tanh = tf.tanh
where = tf.where
zeros_like = tf.zeros_like


def concatenate(tensors: Sequence[Tensor], axis: int) -> Tensor:
    """Join tensors along an axis."""
    return tf.concat(tensors, axis)


def pad(tensor: Tensor, widths: Sequence[Sequence[int]], _mode: str) -> Tensor:
    """Surround a tensor with zeros."""
    return tf.pad(tensor, widths)
