"""Gradients of weights, by name."""

from __future__ import annotations

from typing import TypeAlias

from gankit_keras.framework import Tensor, Variable, tf

Gradients: TypeAlias = dict[str, Tensor]


def gradients(tape: tf.GradientTape, loss: Tensor, weights: dict[str, Variable]) -> Gradients:
    """Return the gradient of each weight; zero where the loss does not depend on it."""
    none = tf.UnconnectedGradients.ZERO
    found = tape.gradient(loss, list(weights.values()), unconnected_gradients=none)
    # The gradient of a native model's embedding comes as the rows that it concerns.
    return {name: tf.convert_to_tensor(g) for name, g in zip(weights, found, strict=True)}
