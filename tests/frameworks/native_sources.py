"""Networks of layers that take sources, with which native ones are compared."""

from __future__ import annotations

import numpy as np

import gankit
from gankit.layers import Concat, Dense, Flatten, Reshape, Tanh
from gankit.penalties import Penalty
from gankit.terms import Term

IMAGES = np.random.default_rng(3).integers(0, 256, (24, 4, 3, 1), np.uint8)
SPECS = (
    (Flatten(), Concat(1), Dense(12), Tanh(), Reshape((4, 3, 1))),
    (Concat(1), Flatten(), Dense(1)),
)
"""Source and noise in a row; and a row of the image beside the source."""


def fit(generator, discriminator, backend, **changes):
    """Train three steps on pairs of edges and images, in float64."""
    settings = {
        "source": "paired",
        "source_images": "edges",
        "inputs": ("source", "noise"),
        "sees": {"real": ("real", "source"), "fake": ("fake", "source")},
        "terms": Term("l1", "fake", "real", weight=0.5),
        "penalties": (Penalty("real", 0.0, 0.5), Penalty("between", 1.0, 0.5)),
    }
    return gankit.fit(
        IMAGES, generator, discriminator, latent=5, steps=3, batch=6, backend=backend,
        precision="float64", progress=False, **settings | changes,
    )  # fmt: skip


def weights():
    """Return the first weights of the two networks, those of the discriminator by input.

    Returns
    -------
    dict
        `generator`, kernel and bias; and `discriminator`, the kernels of the image and of the
        source, and the bias.
    """
    first = fit(*SPECS, "numpy").problem.initial_weights()
    kernel = first["discriminator/2.kernel"].reshape(12, 2, 1)
    return {
        "generator": (first["generator/2.kernel"], first["generator/2.bias"]),
        "discriminator": (
            np.concatenate([kernel[:, 0], kernel[:, 1]]),
            first["discriminator/2.bias"],
        ),
    }
