"""Gradient penalties, by the formulas of `gankit.penalties`."""

from __future__ import annotations

from dataclasses import dataclass

from gankit.contract import strip_prefix
from gankit.penalties import Penalty
from gankit_keras.framework import Tensor, Variable, tf
from gankit_keras.gradients import Gradients, gradients
from gankit_keras.inputs import Inputs
from gankit_keras.judge import Judge


@dataclass(frozen=True)
class Steepness:
    """The `number`-th penalty of a problem, on its discriminator."""

    judge: Judge
    penalty: Penalty
    number: int

    def __call__(
        self, fake: Tensor, inputs: Inputs, weights: dict[str, Variable]
    ) -> tuple[Tensor, Gradients]:
        """Return its term of the loss, and of the gradient of each weight."""
        rate = inputs.scalars[f"penalty/{self.number}"]
        if self.penalty.every == 1:
            return self._at(rate, fake, inputs, weights)
        return tf.cond(  # type: ignore[no-any-return]
            rate > 0,
            lambda: self._at(rate, fake, inputs, weights),
            lambda: (
                tf.zeros((), fake.dtype),
                {name: tf.zeros(weight.shape, weight.dtype) for name, weight in weights.items()},
            ),
        )

    def _at(
        self, rate: Tensor, fake: Tensor, inputs: Inputs, weights: dict[str, Variable]
    ) -> tuple[Tensor, Gradients]:
        draws = strip_prefix(inputs.numbers, f"penalty/{self.number}")
        points = self.penalty.points(inputs.real, fake, draws, tf.math.reduce_std)
        images = tf.stop_gradient(points)
        with tf.GradientTape(watch_accessed_variables=False) as outer:
            outer.watch(list(weights.values()))
            with tf.GradientTape(watch_accessed_variables=False) as inner:
                inner.watch(images)
                logits = self.judge.again(images, self.penalty.half, inputs, self.number)
            none = tf.UnconnectedGradients.ZERO
            slope = inner.gradient(logits, images, unconnected_gradients=none)
            value = tf.cast(rate, fake.dtype) * self._value(slope)
        return value, gradients(outer, value, weights)

    def _value(self, slope: Tensor) -> Tensor:
        squares = tf.reduce_sum(tf.square(slope), axis=(1, 2, 3))
        if self.penalty.target == 0:
            return 0.5 * tf.reduce_mean(squares)
        return tf.reduce_mean(
            tf.square(tf.sqrt(squares + self.penalty.epsilon) - self.penalty.target)
        )
