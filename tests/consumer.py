"""A user's program; `mypy --strict` checks it, and nothing runs it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import gankit
from gankit.layers import Dense, Flatten, Reshape, Tanh
from gankit.losses import HINGE
from gankit.optimizers import Adam, Average
from gankit.penalties import Penalty


def trained() -> gankit.Run:
    """Train a recipe with settings of every kind."""
    return gankit.train(
        "simple",
        out="runs/a",
        epochs=2,
        seed=1,
        loss=HINGE,
        backend="numpy",
        dataset="glyphs",
        average=Average(1000),
        penalties=Penalty("real", 0.0, 10.0),
        n_critic=2,
        generator=[Dense(64), Tanh(), Reshape((8, 8, 1))],
        discriminator={"layers": [{"layer": "flatten"}, {"layer": "dense", "units": 1}]},
    )


def fitted(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> gankit.Run:
    """Train networks on images."""
    return gankit.fit(
        images,
        (Dense(64), Tanh(), Reshape((8, 8, 1))),
        (Flatten(), Dense(1)),
        steps=10,
        latent=4,
        labels=labels,
        generator_optimizer=Adam(1e-4, 0.5, 0.999, 1e-7),
    )


def used(run: gankit.Run) -> float:
    """Use a run."""
    run.grid(16, seed=1).save("grid.png")
    run.plot().save("losses.png")
    worst = run.history.discriminator.max() - run.history.generator.min()
    images = gankit.load("runs/a", "torch", best=True).sample(4, labels=3)
    return float(worst) + float(images.mean()) + run.evaluate(100).frechet
