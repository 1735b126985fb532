"""Quick calls of `fit` and `train`, and their errors, for tests of object arguments."""

from __future__ import annotations

import numpy as np
import pytest

import gankit
from gankit.errors import ConfigError
from gankit.layers import Dense, Flatten, Reshape, Tanh
from gankit.losses import Loss

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 3, 2, 1), dtype=np.uint8)
GENERATOR = (Dense(6), Tanh(), Reshape((3, 2, 1)))
DISCRIMINATOR = (Flatten(), Dense(1))
NETWORKS = {
    "generator": {"layers": [Dense(784), Tanh(), Reshape((28, 28, 1))]},
    "discriminator": {"layers": [Flatten(), Dense(1)]},
}


def steep(margin=2.0, name="mine"):
    """Return a loss of lambdas."""
    return Loss(
        name,
        lambda ops, real, fake: ops.mean(ops.relu(margin - real) + ops.relu(margin + fake)),
        lambda ops, _real, fake: -ops.mean(fake),
    )


def fit(generator=GENERATOR, discriminator=DISCRIMINATOR, **changes):
    given = {"steps": 3, "latent": 3, "batch": 6, "backend": "numpy"} | changes
    return gankit.fit(IMAGES, generator, discriminator, **given)


def train(**changes):
    given = {"backend": "numpy", "dataset": "glyphs", "steps": 3, "batch": 4, "latent": 3}
    return gankit.train(**(given | NETWORKS | changes))


def refusal(call, error=ConfigError):
    """Return the one-line error of a call that is refused before any step."""
    with pytest.raises(error) as refused:
        call()
    told = str(refused.value)
    assert "\n" not in told
    assert len(told) < 300
    return told
