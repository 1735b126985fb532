"""`gankit.load` opens a run of native networks, if it is given networks to put the weights in."""

from __future__ import annotations

import numpy as np
import pytest

import gankit
from gankit.errors import CheckpointError, ConfigError
from gankit.layers import Dense, Flatten, Reshape, Tanh
from gankit.optimizers import Average
from tests.selection import selected

IMAGES = np.random.default_rng(0).integers(0, 256, (24, 6, 4, 1), np.uint8)
LAYERS = (Dense(24), Tanh(), Reshape((6, 4, 1))), (Flatten(), Dense(1))


def torch_pair(width=24):
    from torch import nn

    generator = nn.Sequential(nn.Linear(3, width), nn.Linear(width, 24), nn.Unflatten(1, (1, 6, 4)))
    return {
        "generator": generator,
        "discriminator": nn.Sequential(nn.Flatten(), nn.Linear(24, 1)),
    }


def keras_pair(width=24):
    import keras
    from keras import layers

    return {
        "generator": keras.Sequential(
            [keras.Input((3,)), layers.Dense(width), layers.Dense(24), layers.Reshape((6, 4, 1))]
        ),
        "discriminator": keras.Sequential(
            [keras.Input((6, 4, 1)), layers.Flatten(), layers.Dense(1)]
        ),
    }


PAIRS = {"torch": torch_pair, "keras": keras_pair}
each_backend = pytest.mark.parametrize("backend", PAIRS)


def fit(networks, out, **changes):
    given = {"steps": 2, "latent": 3, "batch": 4, "progress": False, "average": Average()}
    return gankit.fit(IMAGES, **networks, out=out, **given | changes)


@pytest.fixture
def pair(backend):
    if not selected(backend):
        pytest.skip(f"{backend} is not under test")
    return PAIRS[backend]


@each_backend
def test_it_generates_what_the_run_generated(pair, tmp_path):
    run = fit(pair(), tmp_path / "run")
    networks = pair()
    loaded = gankit.load(tmp_path / "run", **networks)
    assert np.array_equal(loaded.sample(4), run.sample(4))
    assert np.array_equal(loaded.history, run.history)
    assert loaded.problem.generator is networks["generator"]
    ones, others = loaded.trainer.state(), run.trainer.state()
    assert all(np.array_equal(ones[name], others[name]) for name in others)


@each_backend
def test_other_networks_are_refused(pair, tmp_path):
    fit(pair(), tmp_path / "run")
    with pytest.raises(CheckpointError, match="shape"):
        gankit.load(tmp_path / "run", **pair(width=5))


@each_backend
def test_a_network_that_is_not_given_is_named(pair, tmp_path):
    fit(pair(), tmp_path / "run")
    for left_out in ("generator", "discriminator"):
        given = {role: network for role, network in pair().items() if role != left_out}
        with pytest.raises(ConfigError, match=rf"^{left_out}: got .*, a native network, which onl"):
            gankit.load(tmp_path / "run", **given)


@each_backend
def test_networks_of_layers_are_built_by_gankit(pair, tmp_path):
    fit(dict(zip(("generator", "discriminator"), LAYERS, strict=True)), tmp_path / "run")
    with pytest.raises(ConfigError, match=r"^generator: got .*, but this run has layers, which"):
        gankit.load(tmp_path / "run", **pair())


@each_backend
def test_another_kind_of_framework_is_refused(pair, tmp_path, backend):
    (other,) = PAIRS.keys() - {backend}
    if not selected(other):
        pytest.skip(f"{other} is not under test")
    fit(pair(), tmp_path / "run")
    with pytest.raises(ConfigError, match=f"does not belong to backend '{backend}'"):
        gankit.load(tmp_path / "run", **PAIRS[other]())


def test_a_given_network_must_be_one(tmp_path):
    fit(dict(zip(("generator", "discriminator"), LAYERS, strict=True)), tmp_path / "run")
    with pytest.raises(ConfigError, match=r"^generator: got 3, but this run has layers"):
        gankit.load(tmp_path / "run", generator=3)
