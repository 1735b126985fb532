"""Adaptive discriminator augmentation (ADA): the probability of its transforms."""

from __future__ import annotations

from gankit.augment import Augment
from gankit_keras.framework import Tensor, Variable, tf


class AdaptiveProbability:
    """The probability `p` of each transform, updated as in `gankit.augment.Augment`."""

    def __init__(self, augment: Augment) -> None:
        self.augment = augment
        self.p = tf.Variable(0.0, dtype=tf.float64)
        self.signs = tf.Variable(0.0, dtype=tf.float64)
        self.updates = tf.Variable(0, dtype=tf.int64)

    def state(self) -> dict[str, Variable]:
        """Return the live state: "p", "signs" and "updates"."""
        return {"p": self.p, "signs": self.signs, "updates": self.updates}

    def record(self, real: Tensor) -> None:
        """Record the `(B,)` logits of an update's real images; update p when it is due."""
        signs = self.signs + tf.reduce_mean(tf.sign(tf.cast(real, tf.float64)))
        updates = self.updates + 1
        due = updates >= self.augment.every
        above = signs / tf.cast(updates, tf.float64) - self.augment.target
        change = tf.sign(above) * tf.cast(tf.size(real) * self.augment.every, tf.float64)
        p = tf.clip_by_value(self.p + change / self.augment.images, 0.0, 1.0)
        self.p.assign(tf.where(due, p, self.p))
        self.signs.assign(tf.where(due, tf.zeros_like(signs), signs))
        self.updates.assign(tf.where(due, tf.zeros_like(updates), updates))
