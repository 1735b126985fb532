"""A dense network in NumPy float32, with hand-written derivatives: inputs, 256, 64, classes.

Kernels are `(inputs, outputs)`. LeakyReLU follows the first two layers; the second one's outputs
are the features.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._utils.state import State
from gankit.evaluation.image_arrays import Float32

FEATURES = 64
"""Outputs of the second layer."""

HIDDEN = 256
"""Outputs of the first layer."""

SLOPE = np.float32(0.2)
"""LeakyReLU's slope below 0. With ReLU, half of the features were 0 for every digit."""

LAYERS = "hidden", "features", "logits"


def shapes(inputs: int, classes: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight, by name."""
    found: dict[str, tuple[int, ...]] = {}
    widths = itertools.pairwise((inputs, HIDDEN, FEATURES, classes))
    for layer, (before, after) in zip(LAYERS, widths, strict=True):
        found[f"{layer}.kernel"] = (before, after)
        found[f"{layer}.bias"] = (after,)
    return found


def initial(inputs: int, classes: int, random: np.random.Generator) -> State:
    """Draw kernels of variance 2 / inputs (He et al. 2015, §2.2) and biases of 0, float32."""
    weights: State = {}
    for name, shape in shapes(inputs, classes).items():
        weights[name] = np.zeros(shape, np.float32)
        if name.endswith("kernel"):
            deviation = np.float32(math.sqrt(2 / shape[0]))
            weights[name] += deviation * random.standard_normal(shape, np.float32)
    return weights


def features(weights: State, pixels: Float32) -> Float32:
    """Return the `(n, 64)` features of `(n, inputs)` pixels in [-1, 1]."""
    return _forward(weights, pixels)[1]


def logits(weights: State, values: Float32) -> Float32:
    """Return the `(n, classes)` logits of `(n, 64)` features."""
    found: Float32 = values @ weights["logits.kernel"] + weights["logits.bias"]
    return found


def gradients(weights: State, pixels: Float32, labels: NDArray[np.int64]) -> State:
    """Return the gradient of the mean cross-entropy, by every weight.

    Parameters
    ----------
    weights
        Named as in `shapes`.
    pixels
        `(n, inputs)` in [-1, 1].
    labels
        `(n,)` classes.
    """
    hidden, values = _forward(weights, pixels)
    slope = softmax(logits(weights, values))
    slope[np.arange(len(labels)), labels] -= 1
    slope /= np.float32(len(labels))
    found: State = {}
    for layer, inputs in zip(reversed(LAYERS), (values, hidden, pixels), strict=True):
        found[f"{layer}.kernel"] = inputs.T @ slope
        found[f"{layer}.bias"] = slope.sum(0)
        if inputs is not pixels:
            slope = slope @ weights[f"{layer}.kernel"].T * _leaky_relu_slope(inputs)
    return found


def softmax(values: NDArray[Any]) -> NDArray[Any]:
    """Return the `(n, classes)` probabilities of logits, in their precision."""
    powers = np.exp(values - values.max(1, keepdims=True))
    probabilities: NDArray[Any] = powers / powers.sum(1, keepdims=True)
    return probabilities


def _forward(weights: State, pixels: Float32) -> tuple[Float32, Float32]:
    """Return the first layer's outputs, and the features."""
    hidden = _leaky_relu(pixels @ weights["hidden.kernel"] + weights["hidden.bias"])
    return hidden, _leaky_relu(hidden @ weights["features.kernel"] + weights["features.bias"])


def _leaky_relu(sums: Float32) -> Float32:
    outputs: Float32 = np.maximum(sums, SLOPE * sums)
    return outputs


def _leaky_relu_slope(outputs: Float32) -> Float32:
    """Return the derivative of LeakyReLU from its output, which has the sign of the input."""
    return np.where(outputs > 0, np.float32(1), SLOPE)
