"""Warnings before the first step, and that correct runs cause none."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import gankit
from gankit.callbacks.training_failures import HealthWarning
from gankit.contract import Problem
from gankit.launch.checks.image_warnings import FEW_IMAGES
from gankit.launch.checks.misuse_warnings import CHECKS, warn_of_misuse
from gankit.launch.checks.run_start import Start
from gankit.layers import (
    BatchNorm,
    Dense,
    Embedding,
    Flatten,
    LayerNorm,
    LeakyReLU,
    Projection,
    ReLU,
    Reshape,
    Sigmoid,
    Tanh,
)
from gankit.losses import BUILTIN, LEAST_SQUARES
from gankit.runs import RunFolder, warning_log
from tests.selection import selected

SHAPE = (4, 4, 1)
IMAGES = np.random.default_rng(0).integers(0, 256, (FEW_IMAGES, *SHAPE), np.uint8)
GENERATOR = (Dense(16), Tanh(), Reshape(SHAPE))
DISCRIMINATOR = (Flatten(), Dense(8), LeakyReLU(0.2), Dense(1))
FIT = {"steps": 1, "latent": 3, "batch": 8, "backend": "numpy"}


def said(images=IMAGES, generator=GENERATOR, discriminator=DISCRIMINATOR, **changes):
    """Return the warnings of `fit`."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        gankit.fit(images, generator, discriminator, **FIT | changes)
    assert all(warning.category is HealthWarning for warning in given)
    return [str(warning.message) for warning in given]


def test_a_correct_run_causes_no_warning():
    assert said() == []


@pytest.mark.parametrize("loss", [loss.name for loss in BUILTIN])
def test_no_built_in_loss_causes_a_warning(loss):
    assert said(loss=loss) == []


REAL = IMAGES / 127.5 - 1


@pytest.mark.parametrize(
    ("images", "wanted"),
    [
        (
            IMAGES / 255,
            "all images are in [0, 1], so black is mid-grey; expected [-1, 1]: give",
        ),
        ((IMAGES > 127).astype(np.float32), "give images * 2 - 1, or uint8"),
        (
            (IMAGES > 127).astype(np.uint8),
            "all images hold uint8 of 0 and 1, so they look black; give images * 255",
        ),
        (
            IMAGES >> 4,
            "have levels of at most 15 of 255, so they are nearly black; give images * 17",
        ),
        (IMAGES[:1], "there is only 1 image, and a batch has 8; networks memorize so few"),
        (
            IMAGES[: FEW_IMAGES - 1],
            f"there are only {FEW_IMAGES - 1} images, and a batch has 8; networks memorize so few; "
            f"give at least {FEW_IMAGES}, or augment them: --set augment.adaptive=true, or "
            "augment=Augment(adaptive=True)",
        ),
        (np.repeat(IMAGES[:1], FEW_IMAGES, axis=0), "all images are the same"),
        (np.repeat(REAL[:1], FEW_IMAGES, axis=0), "all images are the same"),
        (
            np.repeat(IMAGES[:, :1, :1], 4, 1).repeat(4, 2),
            "all images have one value at all their pixels",
        ),
    ],
    ids=["unit", "mask", "bits", "dark", "one", "few", "same", "same-real", "flat"],
)
def test_suspicious_images_cause_one_warning(images, wanted):
    (told,) = said(images)
    assert wanted in told
    assert len(told.splitlines()) == 1


def test_of_many_images_some_are_checked(monkeypatch):
    monkeypatch.setattr("gankit.launch.checks.image_warnings.MOST_CHECKED", FEW_IMAGES // 4)
    (told,) = said((IMAGES > 127).astype(np.uint8))
    assert f"all {FEW_IMAGES // 4} checked images hold uint8 of 0 and 1" in told


def test_a_data_set_smaller_than_a_batch_causes_a_warning():
    assert "a batch has 300" in "".join(said(batch=300))


@pytest.mark.parametrize("dark", [REAL / 2 - 0.5, np.minimum(REAL, 0), IMAGES >> 2])
def test_dark_images_cause_no_warning(dark):
    assert said(dark) == []


@pytest.mark.parametrize(
    ("last", "loss", "wanted"),
    [
        ((Sigmoid(),), "nonsaturating", "the discriminator ends in a sigmoid, but the loss"),
        ((Sigmoid(), Reshape((1,))), "hinge", "ends in a sigmoid"),
        ((Tanh(),), "wasserstein", "ends in a tanh"),
        ((Sigmoid(),), "least-squares", None),
        ((Dense(1),), "minimax", None),
    ],
)
def test_a_bounded_discriminator_with_a_loss_on_logits_causes_a_warning(last, loss, wanted):
    told = said(discriminator=(*DISCRIMINATOR, *last), loss=loss)
    assert len(told) == (wanted is not None)
    assert wanted is None or wanted in told[0]


def test_a_bounded_discriminator_with_a_smoothed_loss_causes_a_warning():
    told = said(discriminator=(*DISCRIMINATOR, Sigmoid()), label_smoothing=0.1)
    assert "ends in a sigmoid" in "".join(told)


@pytest.mark.parametrize("last", [Sigmoid(), ReLU()])
def test_a_generator_without_negative_outputs_causes_a_warning(last):
    (told,) = said(generator=(Dense(16), last, Reshape(SHAPE)))
    assert "no pixel is below 0" in told


def normed(norm, shape):
    return (Flatten(), Dense(16, bias=False), Reshape(shape), norm, Flatten(), Dense(1))


@pytest.mark.parametrize(
    ("norm", "shape", "batch", "warns"),
    [
        (BatchNorm(0.9, 1e-5), (16,), 1, True),
        (BatchNorm(0.9, 1e-5), (1, 1, 16), 1, True),
        (BatchNorm(0.9, 1e-5), (2, 2, 4), 1, False),
        (BatchNorm(0.9, 1e-5), (16,), 2, False),
        (LayerNorm(1e-5), (16,), 1, False),
    ],
)
@pytest.mark.parametrize("side", ["generator", "discriminator"])
def test_batch_normalisation_of_one_value_causes_a_warning(norm, shape, batch, warns, side):
    network = normed(norm, shape)
    changes = {side: network if side == "discriminator" else (*network[1:-1], *GENERATOR)}
    told = said(**changes, batch=batch)
    assert len(told) == warns
    place = 3 if side == "discriminator" else 2
    assert (
        not warns or f"the {side}'s layer {place} is a batch normalisation of one value" in told[0]
    )


def test_classes_without_images_cause_a_warning():
    discriminator = (Flatten(), Projection())
    problem = Problem(
        GENERATOR, discriminator, 3, SHAPE, LEAST_SQUARES, *2 * (gankit.api.ADAM,), classes=9
    )
    labels = np.arange(FEW_IMAGES) % 2
    with pytest.warns(HealthWarning, match="classes without images, 7 of 9: 2, 3, 4, 5, 6, ...;"):
        warn_of_misuse(Start(problem, None, IMAGES, labels, 8))


def test_labels_that_no_network_uses_cause_a_warning():
    labels = np.arange(FEW_IMAGES) % 2
    (told,) = said(labels=labels)
    assert "the images have 2 classes, but no network uses labels; add Embedding" in told
    assert said(labels=labels, discriminator=(Flatten(), Projection())) == []
    assert said(labels=labels, discriminator=(Flatten(), Dense(3)), auxiliary=1.0) == []
    assert said(labels=labels, generator=(Embedding(2), *GENERATOR)) == []
    vectors = np.linspace(0, 1, 2 * FEW_IMAGES).reshape(-1, 2)
    (told,) = said(labels=vectors)
    assert "the labels are vectors of 2 numbers, but no network uses labels; add Embedding" in told
    assert said(labels=vectors, generator=(Embedding(2), *GENERATOR)) == []


def test_training_a_recipe_warns_and_saves_the_warnings(tmp_path):
    np.save(tmp_path / "one.npy", IMAGES[:1].repeat(7, 1).repeat(7, 2))
    settings = {"backend": "numpy", "steps": 2, "batch": 4, "dataset": str(tmp_path / "one.npy")}
    with pytest.warns(HealthWarning, match="there is only 1 image"):
        gankit.train("simple", out=tmp_path / "run", **settings)
    (kept,) = warning_log.read(RunFolder(tmp_path / "run").warnings)
    assert kept.step == 0
    assert "there is only 1 image" in kept.text
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # A resumed run was warned before.
        gankit.train("simple", out=tmp_path / "run", resume=True, **settings | {"steps": 3})


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_check_has_a_description(check):
    assert check.__doc__


def torch_networks():
    from torch import nn

    generator = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Unflatten(1, (1, 4, 4)))
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.LeakyReLU(), nn.Linear(8, 1))
    return generator, discriminator, nn.Sigmoid(), nn.Sequential


def keras_networks():
    import gankit_keras.keras_import  # noqa: F401 - it brings Keras in quietly.
    import keras
    from keras.layers import Dense, Flatten, LeakyReLU, Reshape

    generator = keras.Sequential([keras.Input((3,)), Dense(16, "tanh"), Reshape((4, 4, 1))])
    layers = [Flatten(), Dense(8), LeakyReLU(), Dense(1)]
    discriminator = keras.Sequential([keras.Input((4, 4, 1)), *layers])
    ends = keras.layers.Activation("sigmoid")
    return generator, discriminator, ends, lambda *networks: keras.Sequential([*networks])


NATIVE = {"torch": torch_networks, "keras": keras_networks}
each_native = pytest.mark.parametrize("backend", [name for name in NATIVE if selected(name)])


@each_native
def test_unbounded_native_networks_cause_no_warning(backend):
    generator, discriminator, *_ = NATIVE[backend]()
    assert said(IMAGES, generator, discriminator, backend=backend) == []


@each_native
def test_native_networks_that_end_in_a_sigmoid_cause_a_warning(backend):
    generator, discriminator, sigmoid, joined = NATIVE[backend]()
    ends = joined(generator, sigmoid), joined(discriminator, sigmoid)
    told = "\n".join(said(IMAGES, *ends, backend=backend))
    assert "the discriminator ends in a sigmoid" in told
    assert "the generator ends in a sigmoid or a relu" in told


@pytest.mark.skipif(not selected("keras"), reason="keras is not among the backends under test")
def test_batch_normalisation_of_one_value_in_a_keras_model_causes_a_warning():
    _, discriminator, *_ = keras_networks()
    import keras

    inner = keras.Sequential([keras.layers.Dense(16), keras.layers.BatchNormalization(name="bn")])
    last = keras.layers.Dense(16, "tanh"), keras.layers.Reshape(SHAPE)
    generator = keras.Sequential([keras.Input((3,)), inner, *last])
    (told,) = said(IMAGES, generator, discriminator, backend="keras", batch=1)
    assert "the generator's layer 'bn' is a batch normalisation of one value" in told
