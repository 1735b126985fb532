"""The probability of an adaptive augmentation, which follows the discriminator."""

from __future__ import annotations

from gankit.augment import Augment
from gankit_keras.framework import Tensor, Variable, tf


class Adaptive:
    """The probability of each transform, and its updates: `gankit.augment.Augment`."""

    def __init__(self, augment: Augment) -> None:
        self.augment = augment
        self.p = tf.Variable(0.0, dtype=tf.float64)
        self.signs = tf.Variable(0.0, dtype=tf.float64)
        self.updates = tf.Variable(0, dtype=tf.int64)

    def state(self) -> dict[str, Variable]:
        """Return the live state."""
        return {"p": self.p, "signs": self.signs, "updates": self.updates}

    def watch(self, real: Tensor) -> None:
        """Record the `(B,)` logits of real images in one discriminator update."""
        signs = self.signs + tf.reduce_mean(tf.sign(tf.cast(real, tf.float64)))
        updates = self.updates + 1
        due = updates >= self.augment.every
        above = signs / tf.cast(updates, tf.float64) - self.augment.target
        move = tf.sign(above) * tf.cast(tf.size(real) * self.augment.every, tf.float64)
        moved = tf.clip_by_value(self.p + move / self.augment.images, 0.0, 1.0)
        self.p.assign(tf.where(due, moved, self.p))
        self.signs.assign(tf.where(due, tf.zeros_like(signs), signs))
        self.updates.assign(tf.where(due, tf.zeros_like(updates), updates))
