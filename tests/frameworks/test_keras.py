"""TensorFlow's own behaviour: tracing, compilation, device names."""

import dataclasses
import logging
import os

import numpy as np
import pytest

from gankit import layers, plugins
from gankit.errors import ConfigError
from gankit.losses import Loss
from gankit.testing import assert_identical, images
from gankit.testing.full_problems import with_all_features
from gankit.testing.harness import Setup
from gankit.testing.problems import full
from gankit.testing.rgb import rgb_setup
from tests.selection import selected

if not selected("keras"):
    pytest.skip("keras is not among the backends under test", allow_module_level=True)


PLAIN = (
    layers.Dense(16),
    layers.LeakyReLU(0.2),
    layers.Dense(784),
    layers.Tanh(),
    layers.Reshape((28, 28, 1)),
)
"""A generator whose images both updates of a step can share."""


def test_a_second_block_is_not_traced_again(monkeypatch):
    from gankit_keras.blocks import BlockRunner

    traced, original = [], BlockRunner.run
    monkeypatch.setattr(BlockRunner, "run", lambda *args: (traced.append(args), original(*args))[1])
    problem = full(plugins.get_backend("keras"))
    course = Setup(problem, images())
    trainer = plugins.get_backend("keras").trainer(problem)
    course.block(trainer, 0, 3)
    first = len(traced)
    course.block(trainer, 3, 5)  # Of another length, too.
    assert 1 <= first == len(traced)


def test_equal_blocks_have_equal_bits_if_a_loss_has_several_terms():
    import tensorflow as tf

    def discriminator(ops, real, fake):
        return ops.mean(ops.softplus(fake - real)) + 0.25 * ops.mean((fake - 0.1) * (fake - 0.1))

    def generator(ops, real, fake):
        return ops.mean(ops.softplus(real - fake)) + 0.25 * ops.mean(ops.softplus(-fake))

    keras = plugins.get_backend("keras")
    problem = dataclasses.replace(
        with_all_features(keras, "projection"),
        loss=Loss("three terms", discriminator, generator, paired=True),
    )
    trainer, course = keras.trainer(problem), rgb_setup(problem, n_critic=2)
    start = trainer.state()

    def trained():
        trainer.load_state(start)
        return {"losses": course.block(trainer, 0, 6)} | trainer.state()

    first = trained()
    for _ in range(60):  # One in twenty differed where threads chose the order of a sum.
        assert_identical(trained(), first)
    others = tf.config.optimizer.get_experimental_options()
    assert others.get("arithmetic_optimization", True), "it is off for a user's functions too"


@pytest.mark.parametrize("changes", [{}, {"fresh_noise": False, "generator": PLAIN}])
def test_updates_compiled_by_xla_are_close_and_equal_their_block(monkeypatch, changes):
    problem = full(plugins.get_backend("keras"), precision="float32", **changes)
    states = {}
    for xla in ("", "1"):
        monkeypatch.setenv("GANKIT_KERAS_XLA", xla)
        for way in ("updates", "block"):
            trainer = plugins.get_backend("keras").trainer(problem)
            getattr(Setup(problem, images()), way)(trainer, 0, 3)
            states[xla, way] = trainer.state()
    for name, wanted in states["", "block"].items():
        assert np.array_equal(states["1", "updates"][name], states["1", "block"][name])
        np.testing.assert_allclose(states["1", "block"][name], wanted, rtol=0, atol=1e-5)


def test_only_the_variable_enables_xla(monkeypatch):
    import gankit_keras.trainer

    asked, original = [], gankit_keras.trainer.compiled

    def counted(*args, by_xla=False):
        asked.append(by_xla)
        return original(*args, by_xla=by_xla)

    monkeypatch.setattr(gankit_keras.trainer, "compiled", counted)
    for set_to, wanted in (("", 0), ("1", 2)):
        monkeypatch.setenv("GANKIT_KERAS_XLA", set_to)
        asked.clear()
        plugins.get_backend("keras").trainer(full(plugins.get_backend("keras")))
        assert sum(asked) == wanted


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [("auto", None), ("cpu", "CPU:0"), ("cuda", "GPU:0"), ("cuda:1", "GPU:1"), ("gpu:1", "GPU:1")],
)
def test_torch_names_of_gpus_are_accepted(monkeypatch, asked, wanted):
    from gankit_keras.framework import device_name, tf

    class Device:
        def __init__(self, name):
            self.name = f"/device:{name}"

    there = [Device(name) for name in ("CPU:0", "GPU:0", "GPU:1")]
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda: there)
    assert device_name(asked) == (wanted and f"/device:{wanted}")
    with pytest.raises(ConfigError, match="cuda:2"):
        device_name("cuda:2")


@pytest.fixture
def keras_import():
    from gankit_keras import keras_import

    return keras_import


@pytest.mark.parametrize("level", [None, "3"])
def test_tensorflows_import_messages_are_logged_and_not_printed(
    keras_import, monkeypatch, capfd, caplog, level
):
    monkeypatch.setenv(keras_import.LOG_LEVEL, level or "")
    if level is None:
        monkeypatch.delenv(keras_import.LOG_LEVEL)
    with keras_import._captured_stderr():
        os.write(2, b"I0000 oneDNN custom operations are on\n")
    os.write(2, b"an error later on\n")
    assert capfd.readouterr().err == "an error later on\n"
    with caplog.at_level(logging.DEBUG, "gankit"), keras_import._captured_stderr():
        os.write(2, b"I0000 oneDNN custom operations are on\n")
    assert caplog.messages[-1].endswith("I0000 oneDNN custom operations are on")


def test_tensorflows_messages_are_printed_if_its_import_fails(keras_import, capfd):
    def imported():
        with keras_import._captured_stderr():
            os.write(2, b"E0000 no such instruction\n")
            raise ImportError

    with pytest.raises(ImportError):
        imported()
    assert capfd.readouterr().err == "E0000 no such instruction\n"
