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
    InstanceNorm,
    LayerNorm,
    LeakyReLU,
    Reshape,
    Residual,
    Tanh,
)
from gankit.optimizers import Adam, RMSprop
from gankit.penalties import Penalty
from gankit.terms import Term
from gankit.testing import images
from gankit.testing.harness import Setup
from gankit.testing.problems import SIMPLE
from gankit.training import StepShape, fit, plan
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
        (
            lambda e: {"discriminator": (InstanceNorm(e), Flatten(), Dense(1))},
            "layer 0, instance-norm",
        ),
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


@pytest.mark.parametrize("dtype", [np.int64, np.uint16, np.int8, bool])
def test_images_of_other_integers_are_not_scaled(dtype):
    pixels = images()[:20].astype(dtype)
    said = f"images: got {np.dtype(dtype)}; expected uint8, or real"
    with pytest.raises(ConfigError, match=said):
        SIMPLE.scale(pixels)
    block = plan(SIMPLE, StepShape(8), len(pixels), 0, 1)
    with pytest.raises(ConfigError, match=said):
        next(block.batches(SIMPLE, pixels, labels=None))
    for name in BACKENDS:
        with pytest.raises(ConfigError, match=said):
            fit(plugins.get_backend(name).trainer(SIMPLE), SIMPLE, StepShape(8), pixels, steps=1)


def test_real_images_are_scaled_to_the_precision_alone():
    for dtype in (np.float16, np.float32, np.float64):
        scaled = SIMPLE.scale(np.full((2, 1), 0.5, dtype))
        assert scaled.dtype == SIMPLE.precision
        assert (scaled == 0.5).all()


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


@pytest.mark.parametrize(
    "term",
    [
        Term("adversarial", weight=0.5),
        Term("feature-matching", "fake/logit@1", "real/logit@1"),
        Term("pulling-away", "fake/logit@1"),
    ],
)
def test_terms_of_features_and_a_named_adversarial_loss_need_a_capability(term):
    assert "features" in replace(SIMPLE, terms=(term,)).needs() - SIMPLE.needs()


MAP = (Flatten(), Dense(6), Reshape((3, 2, 1)))


def test_the_logit_of_an_image_is_the_mean_of_its_map():
    problem = replace(SIMPLE, discriminator=MAP)
    assert (problem.discriminator_output_shape, problem.logits_per_image) == ((3, 2, 1), 6)
    rows = np.arange(24.0).reshape(4, 6)
    assert problem.image_logits(rows).tolist() == [2.5, 8.5, 14.5, 20.5]
    assert SIMPLE.image_logits(rows).tolist() == [0, 6, 12, 18]
    assert "logit-maps" in problem.needs() - SIMPLE.needs()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"discriminator": (*MAP[:2], Reshape((3, 1, 2)))}, r"\(1,\), or \(height, width, 1\)"),
        ({"discriminator": MAP, "heads": {"kind": 5}}, r"\(6,\), a logit and 5 of 'kind'"),
    ],
    ids=["two-channels", "heads"],
)
def test_outputs_that_are_no_logits_are_refused(changes, expected):
    with pytest.raises(ConfigError, match=f"discriminator output: got .*; expected {expected}"):
        replace(SIMPLE, **changes)


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
