"""Frozen layers as text, and the problems that they are refused in."""

from __future__ import annotations

import numpy as np
import pytest

import gankit
from gankit.contract import Problem
from gankit.errors import ConfigError
from gankit.layers import BatchNorm, Conv, Dense, Flatten, LeakyReLU, Reshape, Residual, Tanh
from gankit.losses import NONSATURATING
from gankit.optimizers import SGD, Adam

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 1), np.uint8)
GENERATOR = (Dense(6), BatchNorm(), LeakyReLU(), Dense(16), Tanh(), Reshape((4, 4, 1)))
BLOCK = Residual((Conv(1, 3, padding=1), LeakyReLU(), Conv(1, 3, padding=1)))
DISCRIMINATOR = (BLOCK, Flatten(), Dense(3, spectral=True), LeakyReLU(), Dense(1))


def problem(*freeze, **changes):
    fields = {
        "generator": GENERATOR, "discriminator": DISCRIMINATOR, "latent": 3,
        "image_shape": (4, 4, 1), "loss": NONSATURATING, "generator_optimizer": Adam(),
        "discriminator_optimizer": SGD(), "freeze": freeze,
    }  # fmt: skip
    return Problem(**fields | changes)


def frozen(found):
    """Return the weights and running state that no optimizer moves."""
    names = [name.partition("/") for name in found.initial_weights()]
    return {f"{network}/{name}" for network, _, name in names if not found.trains(network, name)}


RUNNING = frozen(problem())


def test_without_frozen_layers_only_running_state_is_not_trained():
    assert {
        "generator/1.mean", "generator/1.variance", "discriminator/2.kernel_u"
    } == RUNNING  # fmt: skip


@pytest.mark.parametrize(
    ("freeze", "names"),
    [
        (["generator:0"], {"generator/0.kernel", "generator/0.bias"}),
        (["generator:1"], {"generator/1.gamma", "generator/1.beta"}),
        (
            ["generator:0-2"],
            {"generator/0.kernel", "generator/0.bias", "generator/1.gamma", "generator/1.beta"},
        ),
        (
            ["generator:0", "discriminator:2", "discriminator:2"],
            {
                "generator/0.kernel", "generator/0.bias",
                "discriminator/2.kernel", "discriminator/2.bias",
            },
        ),
        (
            ["discriminator:0"],
            {
                f"discriminator/0.layers.{inner}.{role}"
                for inner in (0, 2)
                for role in ("kernel", "bias")
            },
        ),
    ],
)  # fmt: skip
def test_positions_name_layers_and_a_block_has_one(freeze, names):
    assert frozen(problem(*freeze)) - RUNNING == names


def test_frozen_weights_have_no_moments():
    state = problem("generator:0", "discriminator:2").initial_state()
    moments = {name for name in state if name.startswith("optimizer/generator/m/")}
    assert moments == {
        f"optimizer/generator/m/{name}" for name in ("1.gamma", "1.beta", "3.kernel", "3.bias")
    }


def test_frozen_layers_need_a_capability():
    assert problem("generator:0").needs() - problem().needs() == {"freeze"}


@pytest.mark.parametrize(
    ("freeze", "message"),
    [
        (["critic:0"], "got 'critic:0'; expected layers of a network: generator, discriminator"),
        (["generator"], "got 'generator'; expected a network and its layers"),
        (["generator:a"], "got 'generator:a'; expected a network and its layers"),
        (["generator:2-1"], "got 'generator:2-1'; expected a network and its layers"),
        (["generator:-1"], "got 'generator:-1'; expected a network and its layers"),
        (["generator:6"], "got 'generator:6'; expected layers 0 to 5 of the generator"),
        (["discriminator:0-5"], "got 'discriminator:0-5'; expected layers 0 to 4 of the disc"),
        (["generator:4-5"], "got 'generator:4-5', which has no weights; name other layers"),
        (["generator:0-5"], "got all weights of the generator; expected some that are left"),
        (["generator:0-1", "generator:3"], "got all weights of the generator; expected some"),
        ([3], "got 3; expected a text"),
    ],
)
def test_wrong_texts_are_refused(freeze, message):
    with pytest.raises(ConfigError) as refused:
        problem(*freeze)
    assert str(refused.value).startswith(f"freeze: {message}")


def test_layers_of_a_native_network_are_frozen_by_its_framework():
    with pytest.raises(ConfigError) as refused:
        problem("generator:0", generator=lambda noise: noise)
    assert str(refused.value) == (
        "freeze: got 'generator:0' for a native network; freeze its weights with its framework"
    )


def fit(**changes):
    given = {"steps": 4, "latent": 3, "batch": 4, "backend": "numpy", "progress": False}
    return gankit.fit(IMAGES, GENERATOR, DISCRIMINATOR, **given | changes)


def test_one_text_may_be_given_without_a_list():
    assert fit(freeze="generator:0").problem.freeze == ("generator:0",)
    run = gankit.train(
        dataset=IMAGES, generator=GENERATOR, discriminator=DISCRIMINATOR, latent=3, steps=1,
        batch=4, backend="numpy", progress=False, freeze="discriminator:2",
    )  # fmt: skip
    assert run.config.freeze == ("discriminator:2",)


def test_a_resumed_run_keeps_its_frozen_layers_and_numbers(tmp_path):
    whole = fit(freeze="generator:0")
    fit(freeze="generator:0", steps=2, out=tmp_path / "run")
    resumed = fit(freeze=["generator:0"], out=tmp_path / "run", resume=True)
    assert np.array_equal(resumed.history, whole.history)
    first, state = whole.problem.initial_state(), resumed.trainer.state()
    assert np.array_equal(state["generator/0.kernel"], first["generator/0.kernel"])
    with pytest.raises(ConfigError, match=r"freeze was \['generator:0'\], is now \[\]"):
        fit(out=tmp_path / "run", resume=True, steps=6)


def test_frozen_layers_keep_the_weights_of_another_run(tmp_path):
    before = fit(out=tmp_path / "old").trainer.state()
    after = fit(init_from=tmp_path / "old", freeze="discriminator:2").trainer.state()
    assert np.array_equal(after["discriminator/2.kernel"], before["discriminator/2.kernel"])
    assert not np.array_equal(after["discriminator/4.kernel"], before["discriminator/4.kernel"])
