"""Train the classifier: cross-entropy, random shifts, Adam with a falling learning rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from gankit._utils.state import State
from gankit.contract.random_streams import Stream, generator
from gankit.evaluation.features import mlp
from gankit.evaluation.features.shrunk_images import flat, inputs, shrunk
from gankit.evaluation.image_arrays import Float32, Levels

SEED = 0
BATCH = 256
EPOCHS = 20
FEWEST_STEPS, MOST_STEPS = 400, 5000
"""Bounds of the training steps."""

RATE = 2e-3
"""The first learning rate; it falls to 0 along half a cosine (Loshchilov & Hutter 2017)."""

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
"""Adam's (Kingma & Ba 2015, algorithm 1)."""

REPORT_EVERY = 20
"""Training steps between two progress reports."""

ReportStep: TypeAlias = Callable[[int, int, float], None]
"""Takes the steps done, all steps, and the estimated seconds left."""


def steps_for(count: int) -> int:
    """Return the training steps for a data set of so many images: 20 epochs, 400 to 5,000.

    >>> steps_for(100), steps_for(60_000), steps_for(10**6)
    (400, 4687, 5000)
    """
    return min(max(EPOCHS * count // BATCH, FEWEST_STEPS), MOST_STEPS)


def fit(
    images: Levels, labels: NDArray[np.int64], classes: int, steps: int, progress: ReportStep
) -> State:
    """Train the network: a pure function of the data, except for the rounding of the BLAS.

    Parameters
    ----------
    images
        `(N, H, W, C)` uint8, of any size; may be mapped from a file.
    labels
        `(N,)` classes, each below `classes`; the images of -1, no label, are left out.
    steps
        Batches of 256, drawn with replacement.
    progress
        Called every 20 steps and at the end.

    Returns
    -------
    State
        Float32 weights, named as in `mlp.shapes`.
    """
    began = time.monotonic()
    weights = mlp.initial(inputs(images.shape[1:]), classes, generator(SEED, Stream.CLASSIFIER))
    moments = _zeros(weights), _zeros(weights)
    for step in range(1, steps + 1):
        batch, truth = _batch(images, labels, step)
        rate = RATE * 0.5 * (1 + math.cos(math.pi * (step - 1) / steps))
        _adam(weights, mlp.gradients(weights, batch, truth), moments, rate, step)
        if step % REPORT_EVERY == 0 or step == steps:
            progress(step, steps, (time.monotonic() - began) / step * (steps - step))
    return weights


def _batch(
    images: Levels, labels: NDArray[np.int64], step: int
) -> tuple[Float32, NDArray[np.int64]]:
    random = generator(SEED, Stream.CLASSIFIER, step)
    labelled = np.flatnonzero(labels >= 0)
    # Sorted reads of a mapped file are faster.
    index = labelled[np.sort(random.integers(len(labelled), size=BATCH))]
    return flat(_shifted(shrunk(np.asarray(images[index])), random)), labels[index]


def _shifted(images: Float32, random: np.random.Generator) -> Float32:
    """Shift each image at random, by up to a fourteenth of its shorter side; repeat its edges."""
    n, height, width, _ = images.shape
    largest = min(height, width) // 14
    padded = np.pad(images, ((0, 0), (largest, largest), (largest, largest), (0, 0)), mode="edge")
    down, along = random.integers(2 * largest + 1, size=(2, n))
    windows = sliding_window_view(padded, (height, width), (1, 2))
    shifted: Float32 = windows[np.arange(n), down, along].transpose(0, 2, 3, 1)
    return shifted


def _adam(
    weights: State, gradients: State, moments: tuple[State, State], rate: float, step: int
) -> None:
    """Apply one Adam step in place; steps count from 1."""
    first, second = moments
    size = np.float32(rate * math.sqrt(1 - BETA2**step) / (1 - BETA1**step))
    for name, gradient in gradients.items():
        first[name] += np.float32(1 - BETA1) * (gradient - first[name])
        second[name] += np.float32(1 - BETA2) * (gradient * gradient - second[name])
        weights[name] -= size * first[name] / (np.sqrt(second[name]) + np.float32(EPSILON))


def _zeros(weights: State) -> State:
    return {name: np.zeros_like(array) for name, array in weights.items()}
