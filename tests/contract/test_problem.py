"""Problems: the numbers that they refuse."""

from dataclasses import replace

import numpy as np
import pytest

from gankit import plugins
from gankit.errors import ConfigError
from gankit.layers import (
    AveragePool,
    BatchNorm,
    Dense,
    Flatten,
    LayerNorm,
    LeakyReLU,
    Reshape,
    Residual,
    Tanh,
)
from gankit.optimizers import Adam, RMSprop
from gankit.penalties import Penalty
from gankit.testing import images
from gankit.testing.harness import Setup
from gankit.testing.problems import SIMPLE
from tests.selection import selected

BACKENDS = [name for name in ("numpy", "torch", "keras") if selected(name)]


def blocks(norm):
    return (Flatten(), Residual((norm,)), Dense(1))


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(
    ("change", "owner"),
    [
        (lambda e: {"discriminator": blocks(BatchNorm(0.9, e))}, "layer 1.layers.0, batch-norm"),
        (lambda e: {"discriminator": blocks(LayerNorm(e))}, "layer 1.layers.0, layer-norm"),
        (lambda e: {"generator_optimizer": Adam(0.1, 0.5, 0.9, e)}, "the generator's optimizer"),
        (lambda e: {"discriminator_optimizer": RMSprop(0.1, 0.9, e)}, "discriminator's optimizer"),
        (lambda e: {"penalties": (Penalty("real", 1.0, 1.0, e),)}, "penalty 0"),
    ],
)
def test_an_epsilon_below_the_precision_is_refused(precision, change, owner):
    smallest = float(np.finfo(precision).smallest_normal)
    replace(SIMPLE, precision=precision, **change(smallest))
    with pytest.raises(ConfigError, match=f"epsilon of .*{owner}: got") as refused:
        replace(SIMPLE, precision=precision, **change(smallest / 2))
    assert f"{smallest:.3g}" in str(refused.value)


def test_an_optimizer_of_a_framework_is_refused_by_name():
    with pytest.raises(ConfigError, match="generator_optimizer: got dict of 1; exp"):
        replace(SIMPLE, generator_optimizer={"lr": 1})


@pytest.mark.parametrize(
    ("name", "network"),
    [
        ("generator", (Reshape((28, 28, 1)), Tanh())),
        ("discriminator", (AveragePool(28), Flatten())),
    ],
)
def test_a_network_without_weights_is_refused(name, network):
    with pytest.raises(ConfigError, match=f"{name}: got no weights to train"):
        replace(SIMPLE, latent=784, **{name: network})


def test_a_penalty_with_target_0_needs_no_epsilon():
    replace(SIMPLE, penalties=(Penalty("real", 0.0, 1.0, epsilon=1e-45),))


@pytest.mark.parametrize("name", BACKENDS)
def test_the_smallest_epsilon_leaves_weights_without_gradients_finite(name):
    smallest = float(np.finfo("float32").smallest_normal)
    adam = Adam(1e-3, 0.5, 0.999, smallest)
    problem = replace(
        SIMPLE,
        discriminator=(Flatten(), LeakyReLU(0.2), Dense(1, init="zeros")),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        penalties=(Penalty("between", 1.0, 10.0, epsilon=smallest),),
    )
    trainer = plugins.get_backend(name).trainer(problem)
    Setup(problem, images()).updates(trainer, 0, 2)
    assert all(np.isfinite(array).all() for array in trainer.state().values())
