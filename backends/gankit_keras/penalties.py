"""Gradient penalties, by the formulas of `gankit.penalties`."""

from __future__ import annotations

from dataclasses import dataclass

from gankit.contract import strip_prefix
from gankit.penalties import Penalty
from gankit_keras.batches import BatchTensors
from gankit_keras.discriminator_forward import DiscriminatorForward
from gankit_keras.framework import Tensor, Variable, tf
from gankit_keras.gradients import Gradients, named_gradients


@dataclass(frozen=True)
class GradientPenalty:
    """The `number`-th penalty of a problem, on its discriminator."""

    discriminator: DiscriminatorForward
    penalty: Penalty
    number: int

    def __call__(
        self, fake: Tensor, batch: BatchTensors, weights: dict[str, Variable]
    ) -> tuple[Tensor, Gradients]:
        """Return the weighted penalty, 0 if it is not due, and its gradient of each weight."""
        weight = batch.scalars[f"penalty/{self.number}"]
        if self.penalty.every == 1:
            return self._weighted(weight, fake, batch, weights)
        return tf.cond(  # type: ignore[no-any-return]
            weight > 0,
            lambda: self._weighted(weight, fake, batch, weights),
            lambda: (
                tf.zeros((), fake.dtype),
                {
                    name: tf.zeros(variable.shape, variable.dtype)
                    for name, variable in weights.items()
                },
            ),
        )

    def _weighted(
        self, weight: Tensor, fake: Tensor, batch: BatchTensors, weights: dict[str, Variable]
    ) -> tuple[Tensor, Gradients]:
        random = strip_prefix(batch.random, f"penalty/{self.number}")
        points = self.penalty.points(batch.real, fake, random, tf.math.reduce_std)
        images = tf.stop_gradient(points)
        with tf.GradientTape(watch_accessed_variables=False) as outer:
            outer.watch(list(weights.values()))
            with tf.GradientTape(watch_accessed_variables=False) as inner:
                inner.watch(images)
                logits = self.discriminator.penalty_logits(
                    images, self.penalty.half, batch, self.number
                )
            zero = tf.UnconnectedGradients.ZERO
            gradient = inner.gradient(logits, images, unconnected_gradients=zero)
            value = tf.cast(weight, fake.dtype) * self._value(gradient)
        return value, named_gradients(outer, value, weights)

    def _value(self, gradient: Tensor) -> Tensor:
        squared_norms = tf.reduce_sum(tf.square(gradient), axis=(1, 2, 3))
        if self.penalty.target == 0:
            return 0.5 * tf.reduce_mean(squared_norms)
        return tf.reduce_mean(
            tf.square(tf.sqrt(squared_norms + self.penalty.epsilon) - self.penalty.target)
        )
