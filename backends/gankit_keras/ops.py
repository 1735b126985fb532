"""The operations of losses and of augmentations, on TensorFlow tensors."""

from __future__ import annotations

from gankit_keras.framework import Tensor, tf


class TensorFlowOps:
    """`gankit.losses.LossOps` and `gankit.augment.AugmentOps` on TensorFlow tensors."""

    def softplus(self, logits: Tensor) -> Tensor:
        """Return log(1 + exp(logits)).

        TensorFlow neglects a term only if it is less than half a unit in the last place.
        """
        return tf.nn.softplus(logits)

    def relu(self, logits: Tensor) -> Tensor:
        """Return max(logits, 0)."""
        return tf.nn.relu(logits)

    def mean(self, logits: Tensor) -> Tensor:
        """Return the mean over the batch."""
        return tf.reduce_mean(logits)

    def mean_over(self, images: Tensor, axes: tuple[int, ...]) -> Tensor:
        """Return the mean over `axes`, which remain as axes of length 1."""
        return tf.reduce_mean(images, axes, keepdims=True)

    def shift(self, images: Tensor, offsets: Tensor) -> Tensor:
        """Shift each image down and right by its row of `offsets`; fill with zeros.

        Uses products with matrices of zeros and ones: they are exact, and their gradients are
        products again.
        """
        down, right = (_shift_matrices(offsets[:, a], images, a + 1) for a in (0, 1))
        shifted = tf.einsum("nik,nkjc->nijc", down, images)
        return tf.einsum("njk,nikc->nijc", right, shifted)

    def below(self, numbers: Tensor, threshold: Tensor) -> Tensor:
        """Return 1 where a number is below the threshold, float64, and 0 elsewhere."""
        return tf.cast(tf.cast(numbers, tf.float64) < threshold, numbers.dtype)


def _shift_matrices(offsets: Tensor, images: Tensor, axis: int) -> Tensor:
    """Return `(n, side, side)`, 1 if the column's position is shifted to the row's, else 0."""
    side = images.shape[axis]
    return tf.one_hot(tf.range(side, dtype=tf.int64) - offsets[:, None], side, dtype=images.dtype)
