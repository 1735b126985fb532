"""Gradients of weights, by name."""

from __future__ import annotations

from typing import TypeAlias

from gankit.errors import ConfigError
from gankit_keras.forms import Form
from gankit_keras.framework import Tensor, Variable, tf

Gradients: TypeAlias = dict[str, Tensor]


def gradients(
    tape: tf.GradientTape, loss: Tensor, weights: dict[str, Variable], form: Form | None = None
) -> Gradients:
    """Return the gradient of each weight; zero if the loss does not depend on it.

    Raises
    ------
    ConfigError
        The weights are those of the native model `form`, and the loss depends on none of them.
    """
    found = tape.gradient(loss, list(weights.values()))
    if form and form.native and all(gradient is None for gradient in found):
        raise ConfigError(
            f"none of the {form.site.name.lower()}'s weights takes part in its loss; "
            "does the model call stop_gradient?"
        )
    # The gradient of a native model's embedding is sparse.
    return {
        name: tf.zeros_like(weight) if gradient is None else tf.convert_to_tensor(gradient)
        for (name, weight), gradient in zip(weights.items(), found, strict=True)
    }
