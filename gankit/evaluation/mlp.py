"""A dense network with its derivatives by hand, in NumPy float32: inputs, 256, 64, classes.

Kernels are `(inputs, outputs)`; LeakyReLU follows the first two layers, whose second gives the
features.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._utils.state import State
from gankit.evaluation.pixels import Float32

FEATURES = 64
"""Values before the last layer."""

HIDDEN = 256
"""Values of the first layer."""

SLOPE = np.float32(0.2)
"""Of LeakyReLU, below 0: with ReLU, half of the features were 0 for every digit."""

LAYERS = "hidden", "features", "logits"


def shapes(inputs: int, classes: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight, by its name."""
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
    """Return the `(n, 64)` values of `(n, inputs)` pixels in [-1, 1]."""
    return _forward(weights, pixels)[1]


def logits(weights: State, values: Float32) -> Float32:
    """Return the `(n, classes)` logits of `(n, 64)` features."""
    found: Float32 = values @ weights["logits.kernel"] + weights["logits.bias"]
    return found


def gradients(weights: State, pixels: Float32, labels: NDArray[np.int64]) -> State:
    """Return the gradient of the mean cross-entropy, for every weight.

    Parameters
    ----------
    weights
        As `shapes` names them.
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
            slope = slope @ weights[f"{layer}.kernel"].T * _steepness(inputs)
    return found


def softmax(values: NDArray[Any]) -> NDArray[Any]:
    """Return `(n, classes)` probabilities of logits, in their precision."""
    powers = np.exp(values - values.max(1, keepdims=True))
    chances: NDArray[Any] = powers / powers.sum(1, keepdims=True)
    return chances


def _forward(weights: State, pixels: Float32) -> tuple[Float32, Float32]:
    """Return what the first layer gives, and the features."""
    hidden = _leaky(pixels @ weights["hidden.kernel"] + weights["hidden.bias"])
    return hidden, _leaky(hidden @ weights["features.kernel"] + weights["features.bias"])


def _leaky(sums: Float32) -> Float32:
    bent: Float32 = np.maximum(sums, SLOPE * sums)
    return bent


def _steepness(outputs: Float32) -> Float32:
    """Return the derivative of LeakyReLU, which keeps the sign, from what it gave."""
    return np.where(outputs > 0, np.float32(1), SLOPE)
