"""gankit accepts numbers of NumPy wherever it accepts numbers of Python."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import gankit
from gankit import layers, optimizers, penalties
from gankit.augment import Augment
from gankit.config import layering
from gankit.contract import latents
from gankit.contract.random_streams import Role, StepKey, dropout_mask, keep_probability
from gankit.layers import Dense, Dropout, Flatten, Reshape, Tanh
from gankit.losses import HINGE, NumpyLossOps, smoothed
from gankit.optimizers import Adam, Average
from gankit.penalties import Penalty
from gankit.schedules import Schedule, ends, value
from gankit.training import StepShape

REAL = (np.float64, np.float32, np.asarray)
WHOLE = (np.int64, np.int32, np.uint8, np.asarray)
FUNCTIONS = {
    "an adaptive chance": lambda real, whole: Augment(adaptive=True, target=real(0.5)).moved(
        real(0.5), real(4.0), whole(4), whole(125)
    ),
    "a schedule": lambda real, whole: Schedule("linear", real(1), real(0), whole(9)).at(whole(5)),
    "a rate": lambda real, whole: value(real(0.25), whole(3)),
    "the ends of a rate": lambda real, _whole: ends(real(0.25)),
    "an average": lambda real, whole: Average(whole(100), real(0.5)).beta(whole(64), whole(200)),
    "label smoothing": lambda real, _whole: smoothed(HINGE, real(0.25)).discriminator(
        NumpyLossOps(), np.ones(2), np.zeros(2)
    ),
    "the chance of dropout": lambda real, _whole: keep_probability(real(0.25)),
    "noise": lambda _real, whole: latents.latents(whole(2), whole(3), whole(5)).tolist(),
    "noise within a bound": lambda real, whole: latents.truncated(
        whole(2), whole(3), whole(5), real(0.5)
    ).tolist(),
    "noise on the way": lambda _real, whole: latents.interpolated(
        np.eye(2, dtype=np.float32), whole(3)
    ).tolist(),
    "a mask": lambda real, whole: dropout_mask(
        StepKey(whole(200), whole(1), whole(0)), Role.DISCRIMINATOR, 3, (4, 4), real(0.5)
    ).tolist(),
}
DATA = {
    "Dense": lambda real, whole: Dense(whole(4), gain=real(0.5)),
    "Dropout": lambda real, _whole: Dropout(real(0.25)),
    "Reshape": lambda _real, whole: Reshape((whole(2), whole(2), whole(1))),
    "Adam": lambda real, _whole: Adam(real(0.5), real(0.5), real(0.75), real(0.125)),
    "Penalty": lambda real, whole: Penalty("real", real(0.5), real(0.5), real(0.25), whole(2)),
    "StepShape": lambda _real, whole: StepShape(whole(4), whole(2)),
    "Average": lambda real, whole: Average(whole(100), real(0.5)),
    "Augment": lambda real, whole: Augment(target=real(0.5), images=whole(100), every=whole(2)),
    "Schedule": lambda real, whole: Schedule("cosine", real(0.5), real(0.25), whole(100)),
}


@pytest.mark.parametrize("whole", WHOLE, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("real", REAL, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_accept_numpy_numbers(name, real, whole):
    assert FUNCTIONS[name](real, whole) == FUNCTIONS[name](float, int)


@pytest.mark.parametrize("whole", WHOLE, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("real", REAL, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", DATA)
def test_data_objects_store_python_numbers(name, real, whole):
    made, wanted = DATA[name](real, whole), DATA[name](float, int)
    assert made == wanted
    assert repr(made) == repr(wanted)
    assert hash(made) == hash(wanted)


def test_every_layer_optimizer_and_penalty_is_tried():
    """Every class of data objects with numbers accepts numbers of NumPy."""
    kinds = [
        *layers.LAYERS,
        *optimizers.OPTIMIZERS,
        penalties.Penalty,
        StepShape,
        Average,
        Augment,
        Schedule,
        gankit.TrainConfig,
        gankit.contract.Problem,
    ]
    converted = "plain_numbers.<locals>.convert"
    assert [k for k in kinds if k.__post_init__.__qualname__ != converted] == []


@pytest.mark.parametrize("real", REAL, ids=lambda kind: kind.__name__)
def test_fit_with_numpy_numbers_is_the_same_fit(real):
    def fitted(real, whole):
        generator = (Dense(whole(4)), Tanh(), Reshape((whole(2), whole(2), whole(1))))
        images = np.arange(12, dtype=np.uint8).reshape(3, 2, 2, 1) * 20
        return gankit.fit(
            images,
            generator,
            (Flatten(), Dense(1)),
            steps=whole(2),
            latent=whole(2),
            batch=whole(2),
            seed=whole(7),
            backend="numpy",
            label_smoothing=real(0.25),
            instance_noise=real(0.5),
            average=Average(whole(10)),
        )

    run, wanted = fitted(real, np.asarray), fitted(float, int)
    assert np.array_equal(run.history, wanted.history)
    assert np.array_equal(run.sample(np.asarray(3), np.uint8(1)), wanted.sample(3, 1))


def test_settings_accept_numpy_numbers():
    given = {"seed": np.uint8(3), "instance_noise": np.float32(0.5), "batch": np.asarray(4)}
    config = layering.config_of([layering.from_recipe("simple"), ("train(...)", given)])
    assert (config.seed, config.instance_noise, config.batch) == (3, 0.5, 4)
    assert {type(value) for value in dataclasses.astuple(config)} <= {
        int,
        float,
        str,
        bool,
        tuple,
        list,
        dict,
        type(None),
    }
