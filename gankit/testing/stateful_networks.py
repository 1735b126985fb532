"""Small networks with running state, as layers and as NumPy functions.

Each function takes a network's arrays by name, its inputs, and whether it is in training mode. It
returns the outputs, and the running state after this forward pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from gankit.contract import Array, Batch, Problem, State, strip_prefix
from gankit.layers import BatchNorm, Dense, Flatten, LeakyReLU, Spec
from gankit.testing.network_pairs import TO_IMAGE
from gankit.testing.ops import NumpyOps
from gankit.testing.rgb import IMAGE, VALUES

SLOPE = 0.2
Forward: TypeAlias = Callable[[State, Array, bool], tuple[Array, State]]


@dataclass(frozen=True)
class Kind:
    """A pair of networks, as layers and as NumPy functions."""

    generator: Spec
    discriminator: Spec
    generate: Forward
    discriminate: Forward

    def update(
        self, problem: Problem, state: State, batch: Batch, player: str
    ) -> tuple[float, State]:
        """Return an update's loss, and the running state of its network after the update."""
        fake, after_generator = self.generate(strip_prefix(state, "generator"), batch.noise, True)
        weights = strip_prefix(state, "discriminator")
        fakes, after_fakes = self.discriminate(weights, fake, True)
        reals, after_reals = self.discriminate(weights, batch.real, True)
        loss = getattr(problem.loss, player)(NumpyOps, reals, fakes)
        averaged = {name: (after_fakes[name] + after_reals[name]) / 2 for name in after_fakes}
        return float(loss), after_generator if player == "generator" else averaged


def batch_normalised(
    layer: BatchNorm, state: State, x: Array, training: bool
) -> tuple[Array, State]:
    """Return the output of the first layer, a batch normalisation, and its running state."""
    mean, variance = state["0.mean"], state["0.variance"]
    updated: State = {}
    if training:
        axes, momentum = tuple(range(x.ndim - 1)), layer.momentum
        batch = x.mean(axis=axes), x.var(axis=axes)
        updated = {
            "0.mean": momentum * mean + (1 - momentum) * batch[0],
            "0.variance": momentum * variance + (1 - momentum) * batch[1],
        }
        mean, variance = batch
    y = state["0.gamma"] * (x - mean) / np.sqrt(variance + layer.epsilon) + state["0.beta"]
    return y, updated


def spectral_normalised(state: State, name: str, training: bool) -> tuple[Array, State]:
    """Divide a dense kernel by its estimated largest singular value; return its new vector too."""
    kernel, u, updated = state[f"{name}.kernel"], state[f"{name}.kernel_u"], State()
    if training:
        u = _unit(kernel.T @ _unit(kernel @ u))
        updated = {f"{name}.kernel_u": u}
    return kernel / np.linalg.norm(kernel @ u), updated


def _unit(vector: Array) -> Array:
    unit: Array = vector / np.linalg.norm(vector)
    return unit


def _images(rows: Array) -> Array:
    images: Array = np.tanh(rows).reshape(-1, *IMAGE)
    return images


def _generate_normalised(state: State, noise: Array, training: bool) -> tuple[Array, State]:
    y, updated = batch_normalised(ROWS, state, noise, training)
    return _images(y @ state["1.kernel"] + state["1.bias"]), updated


def _discriminate_normalised(state: State, images: Array, training: bool) -> tuple[Array, State]:
    y, updated = batch_normalised(PIXELS, state, images, training)
    logits = y.reshape(len(y), -1) @ state["2.kernel"] + state["2.bias"]
    return logits[:, 0], updated


def _generate_spectral(state: State, noise: Array, training: bool) -> tuple[Array, State]:
    kernel, updated = spectral_normalised(state, "0", training)
    return _images(noise @ kernel + state["0.bias"]), updated


def _discriminate_spectral(state: State, images: Array, training: bool) -> tuple[Array, State]:
    kernel, updated = spectral_normalised(state, "1", training)
    hidden = images.reshape(len(images), -1) @ kernel + state["1.bias"]
    logits = np.maximum(hidden, SLOPE * hidden) @ state["3.kernel"] + state["3.bias"]
    return logits[:, 0], updated


ROWS, PIXELS = BatchNorm(0.9, 1e-2), BatchNorm(0.7, 1e-3)
KINDS = {
    "norm": Kind(
        generator=(ROWS, *TO_IMAGE),
        discriminator=(PIXELS, Flatten(), Dense(1)),
        generate=_generate_normalised,
        discriminate=_discriminate_normalised,
    ),
    "spectral": Kind(
        generator=(Dense(VALUES, spectral=True), *TO_IMAGE[1:]),
        discriminator=(Flatten(), Dense(6, spectral=True), LeakyReLU(SLOPE), Dense(1)),
        generate=_generate_spectral,
        discriminate=_discriminate_spectral,
    ),
}
"""Pairs by the capability that they need."""
