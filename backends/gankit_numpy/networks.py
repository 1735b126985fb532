"""Networks of specs: each layer's value and, by hand, its derivative."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from gankit.backend import Array, Labels, State
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
from gankit.randomness import Mask, keep_chance
from gankit.state import check_state

Masks: TypeAlias = Callable[[int, tuple[int, ...], float], Mask]
"""(layer's position, shape, rate) -> which values dropout keeps."""
Trail: TypeAlias = list[tuple[Array, Array]]
"""Each layer's inputs and outputs; of a dropout layer, its factors stand for the inputs."""


class Sequential:
    """A network with its weights, `{"0.kernel": ...}`, updated in place by training."""

    def __init__(self, spec: Spec, weights: State) -> None:
        self.spec = spec
        self.values = weights

    def forward(self, inputs: Array, masks: Masks | None = None) -> tuple[Array, Trail]:
        """Return the outputs and what `backward` needs; `masks` means training mode."""
        trail: Trail = []
        for position, layer in enumerate(self.spec):
            outputs: Array
            if isinstance(layer, Dropout):
                if masks is None:
                    continue
                seen = _factors(masks(position, inputs.shape, layer.rate), layer.rate, inputs)
                outputs = inputs * seen
            else:
                seen, outputs = inputs, self._outputs(position, layer, inputs)
            trail.append((seen, outputs))
            inputs = outputs
        return inputs, trail

    def backward(
        self, trail: Trail, gradient: Array, *, weights: bool, inputs: bool
    ) -> tuple[State, Array]:
        """Return the gradients of the weights and of the inputs, each only where asked for.

        `gradient` is that of the outputs; the trail comes from a `forward` in training mode.
        """
        found: State = {}
        first = next((p for p, layer in enumerate(self.spec) if isinstance(layer, Dense)), 0)
        for position in reversed(range(len(self.spec))):
            layer, (seen, outputs) = self.spec[position], trail[position]
            if isinstance(layer, Dense) and weights:
                found[f"{position}.kernel"] = seen.T @ gradient
                if layer.bias:
                    found[f"{position}.bias"] = gradient.sum(axis=0)
            if position == first and not inputs:
                break
            gradient = self._pull(position, layer, gradient, seen, outputs)
        return found, gradient

    def _outputs(self, position: int, layer: Layer, inputs: Array) -> Array:
        match layer:
            case Dense(bias=bias):
                outputs = inputs @ self.values[f"{position}.kernel"]
                return outputs + self.values[f"{position}.bias"] if bias else outputs
            case LeakyReLU(slope=slope):
                return np.maximum(inputs, np.multiply(slope, inputs))
            case ReLU():
                return np.maximum(inputs, 0)
            case Tanh():
                return np.tanh(inputs)
            case Sigmoid():
                return _logistic(inputs)
            case Flatten():
                return inputs.reshape(len(inputs), -1)
            case Reshape(shape=shape):
                return inputs.reshape(len(inputs), *shape)
        raise TypeError(f"no value is known for {layer}")

    def _pull(
        self, position: int, layer: Layer, gradient: Array, seen: Array, outputs: Array
    ) -> Array:
        """Pull the gradient of a layer's outputs back to its inputs."""
        match layer:
            case Dense():
                return gradient @ self.values[f"{position}.kernel"].T
            case LeakyReLU(slope=slope):
                return np.where(seen > 0, gradient, slope * gradient)
            case ReLU():
                return gradient * (seen > 0)
            case Tanh():
                return gradient * (1 - outputs * outputs)
            case Sigmoid():
                return gradient * outputs * (1 - outputs)
            case Dropout():
                return gradient * seen
            case Flatten() | Reshape():
                return gradient.reshape(seen.shape)
        raise TypeError(f"no derivative is known for {layer}")


@dataclass(frozen=True)
class Inference:
    """A network as the core sees it: arrays in, arrays out, no dropout."""

    network: Sequential
    squeeze: bool = False

    def __call__(self, inputs: Array, _labels: Labels | None = None, /) -> Array:
        """Return the outputs; a discriminator's `(n, 1)` as `(n,)` logits."""
        dtype = next((w.dtype for w in self.network.values.values()), inputs.dtype)
        outputs, _ = self.network.forward(inputs.astype(dtype, copy=False))
        return outputs[:, 0] if self.squeeze else outputs

    def weights(self) -> State:
        """Return copies of the weights."""
        return {name: value.copy() for name, value in self.network.values.items()}

    def load_weights(self, weights: State, /) -> None:
        """Copy weights in, all or nothing."""
        check_state(weights, self.network.values)
        copy_into(self.network.values, weights)


def copy_into(values: State, state: dict[str, Any]) -> None:
    """Assign each array in place, so that whoever holds it sees the new numbers."""
    for name, value in values.items():
        value[...] = state[name]


def _factors(mask: Mask, rate: float, like: Array) -> Array:
    return np.multiply(mask, 1 / keep_chance(rate), dtype=like.dtype)


def _logistic(inputs: Array) -> Array:
    """1 / (1 + exp(-x)), as tanh, which overflows nowhere."""
    outputs: Array = 0.5 * (1 + np.tanh(0.5 * inputs))
    return outputs
