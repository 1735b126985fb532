"""Gradients of weights, by name."""

from __future__ import annotations

from typing import TypeAlias

from gankit.errors import ConfigError
from gankit_keras.framework import Tensor, Variable, tf
from gankit_keras.network_spec import NetworkSpec

Gradients: TypeAlias = dict[str, Tensor]


def named_gradients(
    tape: tf.GradientTape,
    loss: Tensor,
    weights: dict[str, Variable],
    network: NetworkSpec | None = None,
) -> Gradients:
    """Return the gradient of each weight; zero if the loss does not depend on it.

    Raises
    ------
    ConfigError
        The weights are those of `network`, a native model, and the loss depends on none of them.
    """
    gradients = tape.gradient(loss, list(weights.values()))
    if network and network.native and all(gradient is None for gradient in gradients):
        raise ConfigError(
            f"the {network.role.name.lower()}'s loss depends on none of its weights; "
            "does the model call stop_gradient?"
        )
    # The gradient of a native model's embedding is sparse.
    return {
        name: tf.zeros_like(weight) if gradient is None else tf.convert_to_tensor(gradient)
        for (name, weight), gradient in zip(weights.items(), gradients, strict=True)
    }
