"""A second data set for the clauses: small RGB images, not square, with classes."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.conditions import Condition
from gankit.contract import AnyLabels, Backend, Labels, LabelVectors, Problem
from gankit.contract.random_streams import Stream, generator
from gankit.layers import Spec
from gankit.testing.harness import Setup
from gankit.testing.problems import SIMPLE, precision

IMAGE = (12, 8, 3)
VALUES = 288
"""Number of values in one image."""
CLASSES = 4
COUNT = 64
"""Number of images in the data set."""


@functools.cache
def labels() -> Labels:
    """Return the `(64,)` classes of the images."""
    return np.arange(COUNT) % CLASSES


def conditions(columns: int) -> tuple[Condition, ...]:
    """Return the conditions of the columns of `vectors`."""
    return tuple(Condition(f"column{number}", -1.0, 1.0) for number in range(columns))


@functools.cache
def vectors(columns: int) -> LabelVectors:
    """Return `(64, columns)` labels of real numbers in [-1, 1)."""
    made: LabelVectors = generator(1, Stream.SAMPLE).uniform(-1, 1, (COUNT, columns))
    return made


@functools.cache
def images() -> NDArray[np.uint8]:
    """Return `(64, 12, 8, 3)` images: noise, brighter for higher classes."""
    noise = generator(0, Stream.SAMPLE).integers(0, 128, (COUNT, *IMAGE), np.uint8)
    return noise + (32 * labels()).astype(np.uint8)[:, np.newaxis, np.newaxis, np.newaxis]


def rgb_problem(
    backend: Backend,
    generator: Spec,
    discriminator: Spec,
    **changes: Any,  # noqa: ANN401 - any field of a problem.
) -> Problem:
    """Return a problem on these images, in the backend's finest precision."""
    networks = {"generator": generator, "discriminator": discriminator}
    fields = {"image_shape": IMAGE, "precision": precision(backend), **networks}
    return replace(SIMPLE, **fields | changes)


def rgb_setup(problem: Problem, n_critic: int = 1) -> Setup:
    """Return a setup with these images, and their labels if the problem has any."""
    given: AnyLabels | None = labels() if problem.classes else None
    if problem.conditions:
        given = vectors(len(problem.conditions))
    return Setup(problem, images(), n_critic, given)
