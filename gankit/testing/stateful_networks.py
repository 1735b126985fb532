"""Networks with running state, small enough that NumPy can say in a line what they do.

Each function takes a network's arrays by name and its inputs, in training mode or not, and
returns the outputs and the running state that this pass would leave.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from gankit.contract import Array, Batch, Problem, State, strip_prefix
from gankit.layers import BatchNorm, Dense, Flatten, LeakyReLU, Spec
from gankit.testing.network_pairs import PAINT
from gankit.testing.ops import NumpyOps
from gankit.testing.rgb import IMAGE, VALUES

SLOPE = 0.2
Run: TypeAlias = Callable[[State, Array, bool], tuple[Array, State]]


@dataclass(frozen=True)
class Kind:
    """A pair of networks, as specs and by hand."""

    generator: Spec
    discriminator: Spec
    paint: Run
    judge: Run

    def update(
        self, problem: Problem, state: State, batch: Batch, player: str
    ) -> tuple[float, State]:
        """Return an update's loss before the update, and its network's running state after it."""
        fake, painted = self.paint(strip_prefix(state, "generator"), batch.noise, True)
        weights = strip_prefix(state, "discriminator")
        fakes, after_fakes = self.judge(weights, fake, True)
        reals, after_reals = self.judge(weights, batch.real, True)
        loss = getattr(problem.loss, player)(NumpyOps, reals, fakes)
        judged = {name: (after_fakes[name] + after_reals[name]) / 2 for name in after_fakes}
        return float(loss), painted if player == "generator" else judged


def normalised(layer: BatchNorm, state: State, x: Array, training: bool) -> tuple[Array, State]:
    """Normalise by the first layer's batch normalisation."""
    mean, variance = state["0.mean"], state["0.variance"]
    moved: State = {}
    if training:
        axes, keep = tuple(range(x.ndim - 1)), layer.momentum
        batch = x.mean(axis=axes), x.var(axis=axes)
        moved = {
            "0.mean": keep * mean + (1 - keep) * batch[0],
            "0.variance": keep * variance + (1 - keep) * batch[1],
        }
        mean, variance = batch
    y = state["0.gamma"] * (x - mean) / np.sqrt(variance + layer.epsilon) + state["0.beta"]
    return y, moved


def divided(state: State, name: str, training: bool) -> tuple[Array, State]:
    """Divide a dense kernel by its largest singular value, as far as its vector knows it."""
    kernel, u, moved = state[f"{name}.kernel"], state[f"{name}.kernel_u"], State()
    if training:
        u = _unit(kernel.T @ _unit(kernel @ u))
        moved = {f"{name}.kernel_u": u}
    return kernel / np.linalg.norm(kernel @ u), moved


def _unit(vector: Array) -> Array:
    unit: Array = vector / np.linalg.norm(vector)
    return unit


def _images(rows: Array) -> Array:
    images: Array = np.tanh(rows).reshape(-1, *IMAGE)
    return images


def _paint_normalised(state: State, noise: Array, training: bool) -> tuple[Array, State]:
    y, moved = normalised(ROWS, state, noise, training)
    return _images(y @ state["1.kernel"] + state["1.bias"]), moved


def _judge_normalised(state: State, images: Array, training: bool) -> tuple[Array, State]:
    y, moved = normalised(PIXELS, state, images, training)
    logits = y.reshape(len(y), -1) @ state["2.kernel"] + state["2.bias"]
    return logits[:, 0], moved


def _paint_divided(state: State, noise: Array, training: bool) -> tuple[Array, State]:
    kernel, moved = divided(state, "0", training)
    return _images(noise @ kernel + state["0.bias"]), moved


def _judge_divided(state: State, images: Array, training: bool) -> tuple[Array, State]:
    kernel, moved = divided(state, "1", training)
    hidden = images.reshape(len(images), -1) @ kernel + state["1.bias"]
    logits = np.maximum(hidden, SLOPE * hidden) @ state["3.kernel"] + state["3.bias"]
    return logits[:, 0], moved


ROWS, PIXELS = BatchNorm(0.9, 1e-2), BatchNorm(0.7, 1e-3)
KINDS = {
    "norm": Kind(
        generator=(ROWS, *PAINT),
        discriminator=(PIXELS, Flatten(), Dense(1)),
        paint=_paint_normalised,
        judge=_judge_normalised,
    ),
    "spectral": Kind(
        generator=(Dense(VALUES, spectral=True), *PAINT[1:]),
        discriminator=(Flatten(), Dense(6, spectral=True), LeakyReLU(SLOPE), Dense(1)),
        paint=_paint_divided,
        judge=_judge_divided,
    ),
}
"""By the capability that they need."""
