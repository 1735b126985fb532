"""The clauses' problems: images of MNIST's shape, few units, every setting explicit."""

from __future__ import annotations

import functools
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Backend, Precision, Problem
from gankit.data import glyphs, idx_folder
from gankit.data.published import mnist
from gankit.errors import DataError
from gankit.layers import (
    ClassLogit,
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
)
from gankit.losses import NONSATURATING, Loss
from gankit.optimizers import SGD, Adam, Average

LATENT = 8
IMAGE = (28, 28, 1)
COUNT = 256
"""Number of images in the data set."""

ADAM = Adam(learning_rate=1e-3, beta1=0.5, beta2=0.999, epsilon=1e-7)
AVERAGE = Average(half_life=200, ramp=0.5)

USERS_LOSS = Loss(  # Combines logits, scalars and numbers in every possible way.
    "a user's",
    discriminator=lambda ops, real, fake: (
        2 * ops.mean(ops.relu(1.5 - real))
        + ops.mean(ops.softplus(fake + 0.5) * fake)
        + ops.mean(ops.log(1 + ops.softplus(real)) * ops.exp(-ops.softplus(fake)))
        - 0.25
    ),
    generator=lambda ops, _real, fake: 3 - ops.mean(fake) * ops.mean(ops.softplus(-fake)),
)


def generator(*hidden: Layer) -> Spec:
    """Return a generator with `hidden` layers after its first."""
    return (Dense(24), *hidden, Dense(784), Tanh(), Reshape(IMAGE))


def discriminator(*hidden: Layer) -> Spec:
    """Return a discriminator with `hidden` layers after its first."""
    return (Flatten(), Dense(24), *hidden, Dense(1))


SIMPLE = Problem(
    generator=generator(LeakyReLU(0.2)),
    discriminator=discriminator(LeakyReLU(0.2)),
    latent=LATENT,
    image_shape=IMAGE,
    loss=NONSATURATING,
    generator_optimizer=SGD(0.05),
    discriminator_optimizer=SGD(0.05),
)

HIDDEN: dict[str, tuple[Layer, ...]] = {
    "dense": (Dense(20), LeakyReLU(0.2)),
    "dense-without-bias": (Dense(20, bias=False), LeakyReLU(0.2)),
    "class-logit": (Dense(5), ClassLogit()),
    "dropout": (LeakyReLU(0.2), Dropout(0.3)),
    "flatten": (Reshape((4, 3, 2)), Tanh(), Flatten()),
    "leaky-relu": (LeakyReLU(0.3),),
    "relu": (ReLU(),),
    "reshape": (Reshape((2, 6, 2)), Sigmoid(), Reshape((24,))),
    "sigmoid": (Sigmoid(),),
    "tanh": (Tanh(),),
}
"""Hidden layers from 24 numbers to a row, by what they test."""


def precision(backend: Backend) -> Precision:
    """Return the finest precision that `backend` claims."""
    return "float64" if "float64" in backend.capabilities else "float32"


def bound(problem: Problem) -> float:
    """Return the tolerance for one update on `problem`, compared with its formula."""
    return 1e-9 if problem.precision == "float64" else 1e-5


def simple(backend: Backend, **changes: Any) -> Problem:  # noqa: ANN401 - any of its fields.
    """Return SIMPLE in the backend's finest precision, with `changes`."""
    return replace(SIMPLE, **{"precision": precision(backend)} | changes)


def full(backend: Backend, **changes: Any) -> Problem:  # noqa: ANN401 - any of its fields.
    """Return a problem with Adam, dropout and, if claimed, an average; with `changes`."""
    with_all_features = {
        "generator": generator(*HIDDEN["dropout"]),
        "discriminator": discriminator(*HIDDEN["dropout"]),
        "generator_optimizer": ADAM,
        "discriminator_optimizer": ADAM,
        "average": AVERAGE if "average" in backend.capabilities else None,
    }
    return simple(backend, **with_all_features | changes)


@functools.cache
def images() -> NDArray[np.uint8]:
    """Return `(256, 28, 28, 1)` images to train on.

    They are from the IDX files in `GANKIT_TEST_DIGITS` if that is set, else from MNIST if this
    machine has it, else glyphs.
    """
    if folder := os.environ.get("GANKIT_TEST_DIGITS"):
        return idx_folder(Path(folder), "test").images[:COUNT]
    try:
        return mnist.read("test", mirrors=()).images[:COUNT]
    except DataError:
        return glyphs.draw(COUNT)[0]
