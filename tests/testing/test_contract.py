"""Every backend of this repository passes the contract."""

from __future__ import annotations

import os
import runpy

import pytest

from gankit import plugins
from gankit.testing import BackendContract
from tests.paths import DOCS

OURS = ("numpy", "torch", "keras")


def chosen() -> list[str]:
    """Return the backends to test: those of `GANKIT_TEST_BACKENDS`, or ours that are installed.

    One that is named there and cannot be had makes every clause an error, not a skip.
    """
    if named := os.environ.get("GANKIT_TEST_BACKENDS"):
        return named.split(",")
    known = plugins.backends()
    return [name for name in OURS if name in known and not plugins.missing_modules(known[name])]


# The first weights are seeded: with some, a ReLU's kink is between the points of a difference.
def torch_pair():
    import torch
    from torch import nn

    torch.manual_seed(0)
    generator = nn.Sequential(
        nn.Linear(8, 24),
        nn.BatchNorm1d(24),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(24, 784),
        nn.Tanh(),
        nn.Unflatten(1, (1, 28, 28)),
    )
    discriminator = nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 24),
        nn.BatchNorm1d(24),
        nn.LeakyReLU(0.2),
        nn.Dropout(0.2),
        nn.Linear(24, 1),
    )
    return generator, discriminator


def keras_pair():
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    generator = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(24),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.2),
            layers.Dense(784, activation="tanh"),
            layers.Reshape((28, 28, 1)),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(24),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.2),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
    )
    return generator, discriminator


NATIVE_PAIRS = {"torch": torch_pair, "keras": keras_pair}


class TestBackend(BackendContract):
    @pytest.fixture(params=chosen())
    def backend(self, request):
        return plugins.get_backend(request.param)

    @pytest.fixture
    def native_pair(self, backend):
        return NATIVE_PAIRS.get(backend.name)


def test_the_contract_in_the_docs_is_up_to_date():
    wanted = runpy.run_path(str(DOCS / "contract.py"))["page"]()
    assert (DOCS / "contract.md").read_text(encoding="utf-8") == wanted
