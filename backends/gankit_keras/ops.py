"""The three operations that a loss is made of."""

from __future__ import annotations

from gankit_keras.framework import Tensor, tf


class Ops:
    """The operations of `gankit.losses.Ops`, on tensors."""

    def softplus(self, logits: Tensor) -> Tensor:
        """Return log(1 + exp(logits)).

        TensorFlow leaves a term out only where it is less than half a unit in the last place.
        """
        return tf.nn.softplus(logits)

    def relu(self, logits: Tensor) -> Tensor:
        """Return max(logits, 0)."""
        return tf.nn.relu(logits)

    def mean(self, logits: Tensor) -> Tensor:
        """Return the mean over the batch."""
        return tf.reduce_mean(logits)
