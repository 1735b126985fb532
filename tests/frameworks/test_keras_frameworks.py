"""Keras on the framework of this process: tests/run.py runs this on TensorFlow, JAX and torch."""

import subprocess
import sys

import numpy as np
import pytest

import gankit
from gankit import plugins
from gankit.errors import ConfigError, UnknownName
from gankit.layers import Dense, Flatten
from gankit.testing import assert_close
from gankit.training import StepShape, alternate, plan
from tests.oracle.problems import case
from tests.selection import selected

if not selected("keras"):
    pytest.skip("keras is not among the backends under test", allow_module_level=True)

import gankit_keras.keras_import  # noqa: F401 - it brings Keras in quietly.
import keras
from gankit_keras import frameworks

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""Keras's own, when it makes an array of one of its variables."""
FRAMEWORK = keras.backend.backend()
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 1), np.uint8)


def painter():
    return keras.Sequential([
        keras.Input((3,)),
        keras.layers.Dense(16),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.3),
        keras.layers.Activation("tanh"),
        keras.layers.Reshape((4, 4, 1)),
    ])  # fmt: skip


def test_the_backend_requires_and_claims_what_its_framework_has():
    backend = plugins.get_backend("keras")
    assert backend.requires == ("keras", FRAMEWORK)
    assert ("exact-blocks" in backend.capabilities) == (FRAMEWORK == "tensorflow")
    assert "mixed" not in backend.capabilities
    assert backend.inspect()["keras backend"] == FRAMEWORK


@pytest.mark.parametrize("number", [0, 1], ids=["dense", "convolutions"])
def test_layers_train_to_the_numbers_of_the_reference(number):
    one = case(number)
    trainers = [plugins.get_backend(name).trainer(one.problem) for name in ("keras", "numpy")]
    block = plan(one.problem, StepShape(one.batch, one.n_critic), len(one.images), 0, 2)
    losses = [
        alternate(trainer, block.batches(one.problem, one.images, one.labels, one.source))
        for trainer in trainers
    ]
    mine, reference = (
        {"losses": each} | trainer.state() for each, trainer in zip(losses, trainers, strict=True)
    )
    assert_close(mine, reference, 1e-9)


def test_a_native_model_is_trained_in_place_beside_layers():
    generator = painter()
    before = [np.array(keras.ops.convert_to_numpy(w)) for w in generator.weights]
    run = gankit.fit(
        IMAGES, generator, (Flatten(), Dense(1)), steps=2, latent=3, batch=6, backend="keras"
    )
    assert np.isfinite(run.history).all()
    after = [np.array(keras.ops.convert_to_numpy(w)) for w in generator.weights]
    assert all((a != b).any() for a, b in zip(before, after, strict=True))
    state = run.trainer.state()
    names = [name for name in state if name.startswith("generator/")]
    for name, array in zip(sorted(names), after, strict=True):
        np.testing.assert_array_equal(state[name], array, err_msg=name)


def framework(precision="float32"):
    """Return the `gankit.functional.Framework` of Keras's framework."""
    if FRAMEWORK == "jax":
        from gankit_keras.jax_framework import Jax

        return Jax(precision, "cpu")
    from gankit_keras.torch_framework import Torch

    return Torch(precision, "cpu")


not_tensorflow = pytest.mark.skipif(FRAMEWORK == "tensorflow", reason="it has its own trainer")


@not_tensorflow
def test_an_array_is_a_copy():
    longer = np.zeros(4096 + 16, np.float32)
    start = -longer.ctypes.data % 64 // 4  # JAX shares memory that begins at a multiple of 64.
    values = longer[start : start + 4096]
    made = framework().array(values)
    values[:] = 1
    assert not framework().numpy(made).any()


@not_tensorflow
def test_a_scaled_number_keeps_its_precision():
    ops = framework()
    rate, one = ops.array(np.array(0.1)), ops.array(np.array(3.0, np.float32))
    assert ops.numpy(ops.scale(rate, one)).dtype == np.float32
    assert ops.numpy(ops.scale(0.1, one)).dtype == np.float32


@not_tensorflow
@pytest.mark.parametrize("name", ["softplus", "sigmoid", "relu"])
def test_second_derivatives_of_large_numbers_are_finite(name):
    ops = framework()
    x = ops.array(np.array([-1000, -100, 0, 100, 1000], np.float32))

    def slopes(weights):
        made, _, pull = ops.input_vjp(lambda x: (getattr(ops, name)(x * weights["w"]), {}), x)
        return ops.xp.sum(pull(ops.xp.ones_like(made))), {}

    value, _, found = ops.value_and_grad(slopes, {"w": ops.xp.ones_like(x)})
    assert np.isfinite(ops.numpy(value))
    assert np.isfinite(ops.numpy(found["w"])).all()


@not_tensorflow
def test_a_users_variable_can_be_read_after_later_updates():
    model, held = painter(), []
    gankit.fit(
        IMAGES, model, (Flatten(), Dense(1)), steps=3, latent=3, batch=6, backend="keras",
        callbacks=lambda _: held.extend(weight.value for weight in model.weights),
    )  # fmt: skip
    assert all(np.isfinite(keras.ops.convert_to_numpy(value)).all() for value in held)


@pytest.mark.skipif(FRAMEWORK != "jax", reason="only JAX has blocks by scan here")
def test_a_block_without_images_is_refused():
    one = case(0)
    trainer = plugins.get_backend("keras").trainer(one.problem)
    block = plan(one.problem, StepShape(one.batch, one.n_critic), len(one.images), 0, 1)
    with pytest.raises(ConfigError, match="call place"):
        trainer.train_block(block)


@pytest.mark.skipif(FRAMEWORK != "torch", reason="JAX has no generator of the process")
def test_the_users_random_numbers_on_torch_are_unchanged():
    import torch

    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    gankit.fit(IMAGES, painter(), (Flatten(), Dense(1)), steps=1, latent=3, batch=6,
               backend="keras")  # fmt: skip
    assert torch.equal(torch.rand(3), wanted)


@pytest.mark.skipif(FRAMEWORK != "torch", reason="each framework names its own devices")
def test_an_unknown_device_is_refused_with_those_of_this_machine():
    from gankit_keras.torch_framework import Torch

    for name, told in {"gpu": "; 'gankit doctor' shows the devices", "cuda:64": "; "}.items():
        with pytest.raises(UnknownName, match=f"unknown device '{name}'; known: auto, cpu") as said:
            Torch("float32", name)
        assert told in str(said.value)
        assert "mkldnn" not in str(said.value)


@pytest.mark.skipif(FRAMEWORK != "jax", reason="each framework names its own devices")
@pytest.mark.parametrize("name", ["gpu", "cpu:64", "cpu:-1", "cpu:x", "nowhere:0"])
def test_an_unknown_device_of_jax_is_refused_with_those_of_this_machine(name):
    from gankit_keras.jax_framework import Jax

    with pytest.raises(UnknownName, match=f"unknown device '{name}'; known: auto, cpu"):
        Jax("float32", name)


@pytest.mark.skipif(FRAMEWORK == "tensorflow", reason="here it is TensorFlow itself")
def test_tensorflow_is_not_imported_on_another_framework():
    program = """
import sys
import gankit_keras.keras_import
import keras
import gankit
import numpy as np

layers = keras.layers.Dense(4), keras.layers.Reshape((2, 2, 1))
model = keras.Sequential([keras.Input((2,)), *layers])
critic = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
gankit.fit(np.zeros((3, 2, 2, 1), "uint8"), model, critic, steps=1, latent=2, backend="keras")
print(*sorted({"tensorflow", "gankit_keras"} & {*sys.modules}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout.split()) == (0, ["gankit_keras"]), done.stderr


@pytest.mark.skipif(FRAMEWORK != "tensorflow", reason="it is the same on each framework")
def test_an_unsupported_framework_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_BACKEND", "openvino")
    done = subprocess.run(
        [sys.executable, "-m", "gankit", "train", "--backend", "keras", "--dataset", "glyphs",
         "--steps", "1", "--out", str(tmp_path / "run")],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 5
    assert done.stderr.splitlines()[-1] == (
        "gankit: KERAS_BACKEND: got 'openvino'; expected one of tensorflow, jax, torch; "
        "set it before keras is imported"
    )


def test_the_framework_is_chosen_without_importing_keras(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras")
    for value, wanted in (("jax", "jax"), ("", "tensorflow"), (None, "tensorflow")):
        monkeypatch.setenv("KERAS_BACKEND", value or "")
        if value is None:
            monkeypatch.delenv("KERAS_BACKEND")
        assert frameworks.chosen() == wanted
    assert "keras" not in sys.modules
