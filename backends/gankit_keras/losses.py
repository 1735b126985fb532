"""The parts of both networks' losses that the core does not define."""

from __future__ import annotations

from gankit_keras.framework import Tensor, tf


def logit(outputs: Tensor) -> Tensor:
    """Return the first column of a discriminator's outputs, `(B,)`: the logit of being real."""
    return outputs[:, 0] if outputs.shape[1] > 1 else tf.reshape(outputs, (-1,))


def auxiliary_loss(weight: float, labels: Tensor, *halves: Tensor) -> Tensor | float:
    """Return the auxiliary classifier's loss on the outputs of each half; 0 if `weight` is 0.

    Each half adds the mean of `logsumexp(c) - c[label]`, c the columns after the first.
    """
    return sum(weight * _cross_entropy(half[:, 1:], labels) for half in halves if weight)


def _cross_entropy(class_logits: Tensor, labels: Tensor) -> Tensor:
    one_hot = tf.one_hot(labels, class_logits.shape[1], dtype=class_logits.dtype)
    label_logits = tf.reduce_sum(class_logits * one_hot, axis=1)
    return tf.reduce_mean(tf.reduce_logsumexp(class_logits, axis=1) - label_logits)
