"""Specs as networks of TensorFlow's operations, with weights in the core's names and layouts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from gankit import layers
from gankit.randomness import Key, Site, dropout_mask, keep_chance
from gankit_keras.draws import Draws
from gankit_keras.tensors import Tensor, Variables, copies


class Sequential:
    """A network of a spec; a layer's name is its position, so weights are "0.kernel"."""

    native = False

    def __init__(self, spec: layers.Spec, shape: layers.Shape, variables: Variables) -> None:
        self.variables = variables
        self._spec, self._shape = spec, shape
        trail = layers.shapes(spec, shape)
        self._dropouts = {
            position: (layer.rate, size)
            for position, (layer, size) in enumerate(zip(spec, trail, strict=False))
            if isinstance(layer, layers.Dropout)
        }

    @property
    def trainable(self) -> Variables:
        """The variables that training moves: all."""
        return self.variables

    @property
    def repeats(self) -> bool:
        """Whether a pass gives the same outputs in either step."""
        return not self._dropouts

    @property
    def draw_specs(self) -> Draws:
        """What a pass in training takes: the mask of each dropout layer."""
        return tuple(tf.TensorSpec((None, *size), tf.bool) for _, size in self._dropouts.values())

    def draw(self, key: Key, site: Site, rows: int) -> tuple[NDArray[Any], ...]:
        """Draw the masks of a pass over `rows` inputs."""
        return tuple(
            dropout_mask(key, site, position, (rows, *size), rate)
            for position, (rate, size) in self._dropouts.items()
        )

    def train(self, inputs: Tensor, draws: Draws, *, own: bool) -> Tensor:  # noqa: ARG002
        """Return the outputs in training mode; there is no running state to move."""
        return self._run(inputs, dict(zip(self._dropouts, draws, strict=True)))

    def infer(self, inputs: Tensor) -> Tensor:
        """Return the outputs in inference mode."""
        return self._run(inputs, {})

    def copy(self) -> Sequential:
        """Return the network with variables of its own."""
        return Sequential(self._spec, self._shape, copies(self.variables))

    def _run(self, values: Tensor, masks: Mapping[int, Tensor]) -> Tensor:
        for position, layer in enumerate(self._spec):
            match layer:
                case layers.Dense():
                    values = self._dense(position, values)
                case layers.Dropout(rate=rate):
                    if position in masks:
                        factors = tf.cast(masks[position], values.dtype) * (1 / keep_chance(rate))
                        values = values * factors
                case _:
                    values = _apply(layer, values)
        return values

    def _dense(self, position: int, values: Tensor) -> Tensor:
        outputs = tf.matmul(values, self.variables[f"{position}.kernel"])
        bias = self.variables.get(f"{position}.bias")
        return outputs if bias is None else tf.nn.bias_add(outputs, bias)


def _apply(layer: layers.Layer, values: Tensor) -> Tensor:
    """Return the outputs of a layer that has neither weights nor randomness."""
    match layer:
        case layers.LeakyReLU(slope=slope):
            return _leaky_relu(values, slope)
        case layers.ReLU():
            return tf.nn.relu(values)
        case layers.Tanh():
            return tf.tanh(values)
        case layers.Sigmoid():
            return tf.sigmoid(values)
        case layers.Flatten():
            return tf.reshape(values, (-1, values.shape[1:].num_elements()))
        case layers.Reshape(shape=target):
            return tf.reshape(values, (-1, *target))
    raise TypeError(layer)


def _leaky_relu(values: Tensor, slope: float) -> Tensor:
    """Use TensorFlow's own in float32 only: its slope has no more digits than that."""
    if values.dtype == tf.float32:
        return tf.nn.leaky_relu(values, slope)
    return tf.maximum(values, slope * values)
