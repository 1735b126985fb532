"""The loss `soft-hinge`: its formula, its gradient, and the same run on every backend."""

import numpy as np
import pytest
from gankit_margin import SHARPNESS

import gankit
from gankit.layers import Dense, Flatten, LeakyReLU, Reshape, Tanh
from gankit.losses import HINGE, NumpyLossOps
from gankit.optimizers import SGD
from gankit.plugins import backends, get_loss, missing_modules
from gankit.training import StepShape, plan

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 1), np.uint8)
GENERATOR = (Dense(8), LeakyReLU(0.2), Dense(16), Tanh(), Reshape((4, 4, 1)))
DISCRIMINATOR = (Flatten(), Dense(8), LeakyReLU(0.2), Dense(1))
RATE = 0.1
INSTALLED = [name for name, backend in backends().items() if not missing_modules(backend)]


def train(backend, **settings):
    return gankit.fit(
        IMAGES,
        GENERATOR,
        DISCRIMINATOR,
        steps=4,
        latent=3,
        batch=8,
        backend=backend,
        loss="soft-hinge",
        precision="float64",
        generator_optimizer=SGD(RATE),
        discriminator_optimizer=SGD(RATE),
        **settings,
    )


def loss_at(trainer, weights, batch):
    """Return the discriminator's loss at some weights, which an update computes before its step."""
    trainer.discriminator.load_weights(weights)
    return float(trainer.update_discriminator(batch))


def test_it_is_above_the_hinge_loss_and_close_to_it():
    real, fake = np.random.default_rng(0).normal(0, 3, (2, 100))
    soft = get_loss("soft-hinge").discriminator(NumpyLossOps(), real, fake)
    assert 0 < soft - HINGE.discriminator(NumpyLossOps(), real, fake) < 2 * np.log(2) / SHARPNESS


def test_an_update_follows_the_gradient_of_finite_differences():
    run = train("numpy")
    trainer, here = run.trainer, run.trainer.discriminator.weights()
    ((batch, _),) = plan(run.problem, StepShape(8), len(IMAGES), run.step, 1).batches(
        run.problem, IMAGES, None
    )
    loss_at(trainer, here, batch)
    moved = trainer.discriminator.weights()
    gradient = {name: (here[name] - moved[name]) / RATE for name in here}
    random, h = np.random.default_rng(0), 1e-6
    direction = {name: random.standard_normal(array.shape) for name, array in here.items()}
    up, down = (
        loss_at(trainer, {name: here[name] + sign * h * direction[name] for name in here}, batch)
        for sign in (1, -1)
    )
    expected = sum((gradient[name] * direction[name]).sum() for name in here)
    assert (up - down) / (2 * h) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("backend", INSTALLED)
def test_every_backend_trains_with_it_equally(backend):
    np.testing.assert_allclose(train(backend).history, train("numpy").history, rtol=0, atol=1e-9)


def test_labels_can_be_smoothed():
    assert (train("numpy", label_smoothing=0.1).history != train("numpy").history).any()
