"""The three operations that a loss is made of."""

from __future__ import annotations

import tensorflow as tf

from gankit_keras.tensors import Tensor


class Ops:
    """`gankit.losses.Ops` on tensors."""

    def softplus(self, logits: Tensor) -> Tensor:
        """Return log(1 + exp(logits))."""
        return tf.nn.softplus(logits)

    def relu(self, logits: Tensor) -> Tensor:
        """Return max(logits, 0)."""
        return tf.nn.relu(logits)

    def mean(self, logits: Tensor) -> Tensor:
        """Return the mean over the batch."""
        return tf.reduce_mean(logits)
