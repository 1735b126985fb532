"""Specs as Keras models."""

from __future__ import annotations

from collections.abc import Iterable

from gankit.errors import ConfigError
from gankit.layers import (
    Dense,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    ReLU,
    Reshape,
    Sigmoid,
    Spec,
    Tanh,
)  # fmt: skip
from gankit.problem import Precision
from gankit.randomness import keep_chance
from gankit_keras.framework import Tensor, keras, tf


class SlopedReLU(keras.layers.Layer):  # type: ignore[misc]
    """`max(x, slope * x)`; Keras's own keeps the slope in float32, which is off by 1e-8."""

    def __init__(self, slope: float, dtype: Precision) -> None:
        super().__init__(dtype=dtype)
        self.slope = slope

    def call(self, inputs: Tensor) -> Tensor:
        """Return the values; the derivative is written out, TensorFlow's of a maximum is slow."""

        def forward(inputs: Tensor) -> tuple[Tensor, Tensor]:
            outputs = tf.maximum(inputs, self.slope * inputs)
            # For slopes in [0, 1] the outputs are positive where the inputs are.
            return outputs, lambda pull: tf.where(outputs > 0, pull, self.slope * pull)

        return tf.custom_gradient(forward)(inputs)


class MaskedDropout(keras.layers.Layer):  # type: ignore[misc]
    """Dropout whose masks come from outside."""

    def __init__(self, rate: float, dtype: Precision) -> None:
        super().__init__(dtype=dtype)
        self.scale = 1 / keep_chance(rate)
        self.built = True  # Inference never calls it, and Keras would warn of that.

    def call(self, inputs: Tensor, kept: Tensor) -> Tensor:
        """Return the inputs that are `kept`, bool of the same shape, scaled; zero for the rest."""
        return inputs * (tf.cast(kept, inputs.dtype) * self.scale)


class SpecModel(keras.Model):  # type: ignore[misc]
    """The layers of a spec in a row."""

    def __init__(self, spec: Spec, dtype: Precision) -> None:
        super().__init__(dtype=dtype)
        self.row = [_layer(layer, dtype) for layer in spec]

    def call(self, inputs: Tensor, kept: Iterable[Tensor] | None = None) -> Tensor:
        """Return the outputs; `kept` has a mask for each dropout layer, None means inference."""
        masks = None if kept is None else iter(kept)
        for layer in self.row:
            if not isinstance(layer, MaskedDropout):
                inputs = layer(inputs)
            elif masks is not None:
                inputs = layer(inputs, next(masks))
        return inputs


def _layer(layer: Layer, dtype: Precision) -> keras.layers.Layer:
    match layer:
        case Dense(units=units, bias=bias):
            return keras.layers.Dense(units, use_bias=bias, kernel_initializer="zeros", dtype=dtype)
        case LeakyReLU(slope=slope):
            return SlopedReLU(slope, dtype)
        case ReLU():
            return keras.layers.Activation("relu", dtype=dtype)
        case Tanh():
            return keras.layers.Activation("tanh", dtype=dtype)
        case Sigmoid():
            return keras.layers.Activation("sigmoid", dtype=dtype)
        case Dropout(rate=rate):
            return MaskedDropout(rate, dtype)
        case Flatten():
            return keras.layers.Flatten(data_format="channels_last", dtype=dtype)
        case Reshape(shape=shape):
            return keras.layers.Reshape(shape, dtype=dtype)
    raise ConfigError(f"the keras backend knows no layer {layer!r}")
