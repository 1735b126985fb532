"""Inversion finds noise whose images are near to given ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gankit.conditions import Condition
from gankit.errors import Diverged
from gankit.inversion import invert
from gankit.inversion.candidates import CANDIDATES
from gankit.layers import Concat, Dense, Embedding, LeakyReLU, Reshape, Tanh
from gankit.plugins import get_backend
from gankit.testing.problems import SIMPLE
from tests.selection import selected

LATENT, IMAGE = 6, (4, 3, 1)
GENERATOR = (Dense(20), LeakyReLU(0.2), Dense(12), Tanh(), Reshape(IMAGE))
CLASSES = 3


def problem_of(classes=0, **settings):
    """Return the problem of a small generator in float64."""
    return replace(
        SIMPLE,
        **{"generator": (Embedding(4), *GENERATOR) if classes else GENERATOR} | settings,
        discriminator=(Reshape((12,)), Dense(1)),
        latent=LATENT,
        image_shape=IMAGE,
        classes=classes,
        precision="float64",
    )


def network(backend="numpy", *, classes=0, problem=None):
    """Return a generator in float64 with weights that make distinct images."""
    made = get_backend(backend).trainer(problem or problem_of(classes)).generator
    random = np.random.default_rng(1)
    weights = {n: 0.5 * random.standard_normal(w.shape) for n, w in made.weights().items()}
    made.load_weights(weights)
    return made


def planted(made, count=5, labels=None):
    """Return images that a generator makes of noise inside the ball."""
    noise = np.random.default_rng(2).uniform(-0.8, 0.8, (count, LATENT))
    return made(noise, labels)


def inverted(made, targets, *, classes=0, problem=None, **options):
    return invert(made, targets, problem or problem_of(classes), **options)


def test_recovers_images_that_the_generator_made():
    made = network()
    found = inverted(made, planted(made), restarts=8)
    assert found.latents.shape == (5, LATENT)
    assert found.latents.dtype == np.float64
    assert found.errors.max() < 1e-3


def test_an_image_beyond_the_generator_has_a_higher_error():
    made = network()
    checks = np.indices(IMAGE).sum(axis=0) % 2 * 2.0 - 1
    found = inverted(made, np.concatenate([planted(made), checks[None]]))
    assert found.errors[-1] > 100 * found.errors[:-1].max()


def test_the_error_is_that_of_the_images_and_the_images_are_those_of_the_latents():
    made, targets = network(), planted(network())
    found = inverted(made, targets, steps=10)
    np.testing.assert_array_equal(found.images, made(found.latents))
    wanted = ((found.images - targets) ** 2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(found.errors, wanted, rtol=1e-12)


def test_an_image_has_the_same_result_alone():
    made = network()
    targets = planted(made, 70)  # Two chunks of 64 images.
    together, alone = inverted(made, targets, steps=60), inverted(made, targets[66:67], steps=60)
    np.testing.assert_allclose(together.latents[66], alone.latents[0], rtol=1e-9)


def test_more_restarts_and_more_steps_lower_the_error():
    made = network()
    targets = np.random.default_rng(3).uniform(-1, 1, (20, *IMAGE))
    one = inverted(made, targets, restarts=1).errors
    assert (inverted(made, targets, restarts=4).errors <= one + 1e-12).all()
    assert inverted(made, targets, restarts=1, steps=1).errors.mean() > 1.1 * one.mean()


def test_the_noise_stays_in_the_ball_of_normal_noise():
    made = network()
    found = inverted(made, np.ones((3, *IMAGE)))
    assert np.linalg.norm(found.latents, axis=1).max() <= np.sqrt(LATENT) * (1 + 1e-12)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    made = network()
    targets = planted(made)
    first, same = (inverted(made, targets, steps=5) for _ in range(2))
    assert first.latents.tobytes() == same.latents.tobytes()
    assert (inverted(made, targets, steps=5, seed=1).latents != first.latents).any()


@pytest.mark.parametrize("classes", [0, CLASSES])
@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_backends_give_the_numbers_of_the_reference(backend, classes):
    if not selected(backend):
        pytest.skip(f"{backend} is not under test")
    targets = np.random.default_rng(3).uniform(-1, 1, (5, *IMAGE))
    found, wanted = (
        inverted(network(each, classes=classes), targets, classes=classes)
        for each in (backend, "numpy")
    )
    np.testing.assert_allclose(found.latents, wanted.latents, atol=1e-9)
    np.testing.assert_allclose(found.errors, wanted.errors, atol=1e-9)


def test_the_class_is_searched():
    made, labels = network(classes=CLASSES), np.array([0, 1, 2, 2, 1])
    targets = planted(made, labels=labels)
    found = inverted(made, targets, classes=CLASSES, restarts=6)
    assert found.errors.max() < 1e-3
    wrong = inverted(made, targets, classes=CLASSES, labels=(labels + 1) % CLASSES, restarts=6)
    assert found.errors.mean() < wrong.errors.mean()


def test_a_given_class_is_used():
    made, labels = network(classes=CLASSES), np.array([2, 0, 1, 1, 0])
    found = inverted(made, planted(made, labels=labels), classes=CLASSES, labels=labels)
    np.testing.assert_array_equal(found.labels, labels)


TURNED = (Condition("angle", -30, 30), Condition("serif", 0, 1, binary=True))
VECTORS = problem_of(generator=(Embedding(4), *GENERATOR), conditions=TURNED)


def test_given_columns_of_labels_are_used_and_the_others_are_those_of_a_candidate():
    made, wanted = network(problem=VECTORS), np.array([[-0.9, 1.0], [0.8, 0.0], [0.1, 1.0]])
    targets = planted(made, 3, wanted)
    found = inverted(made, targets, problem=VECTORS, labels=wanted, restarts=8)
    np.testing.assert_array_equal(found.labels, wanted)
    assert found.errors.max() < 1e-3
    np.testing.assert_array_equal(found.images, made(found.latents, found.labels))
    wrong = inverted(made, targets, problem=VECTORS, labels=-wanted, restarts=8)
    assert found.errors.mean() < wrong.errors.mean()
    half = np.where([[True, False]], wanted, np.nan)
    searched = inverted(made, targets, problem=VECTORS, labels=half, steps=20)
    np.testing.assert_array_equal(searched.labels[:, 0], wanted[:, 0])
    assert np.isin(searched.labels[:, 1], (0, 1)).all()
    free = inverted(made, targets, problem=VECTORS, restarts=8)
    assert free.errors.mean() < wrong.errors.mean()
    assert np.abs(free.labels).max() <= 1


BESIDE = {
    "noise first": (("noise", "source"), (Reshape((6, 1, 1)), Concat(1), Reshape((12,)))),
    "source first": (("source", "noise"), (Reshape((6,)), Concat(1))),
}


@pytest.mark.parametrize("backend", ["numpy", "torch", "keras"])
@pytest.mark.parametrize("order", BESIDE)
def test_the_noise_beside_a_source_is_found(backend, order):
    if not selected(backend):
        pytest.skip(f"{backend} is not under test")
    inputs, first = BESIDE[order]
    given = {"source": "paired", "source_shape": (6, 1, 1), "inputs": inputs}
    problem = problem_of(generator=(*first, *GENERATOR), **given)
    made, random = network(backend, problem=problem), np.random.default_rng(4)
    sources, noise = random.uniform(-1, 1, (2, 6, 1, 1)), random.uniform(-0.8, 0.8, (2, LATENT))
    targets = made(problem.generator_inputs(noise, sources))
    found = inverted(made, targets, problem=problem, sources=sources, restarts=8)
    assert found.errors.max() < 1e-3
    wrong = inverted(made, targets, problem=problem, sources=-sources, steps=60)
    assert wrong.errors.min() > 10 * found.errors.max()


def test_a_search_on_a_plateau_ends_early():
    made = Counted(network())
    inverted(made, np.ones((5, *IMAGE)), steps=1000)
    assert made.calls < 500


def test_every_candidate_is_generated_once_for_a_chunk():
    made = Counted(network())
    inverted(made, planted(made.network, 3), steps=1)
    assert made.rows == CANDIDATES + 3


def test_progress_ends_at_1():
    made, parts = network(), []
    inverted(made, planted(made, 70), steps=3, watch=parts.append)
    assert parts == sorted(parts)
    assert parts[-1] == 1


def test_weights_that_are_not_finite_are_an_error():
    made = network()
    made.load_weights({name: np.full_like(w, np.nan) for name, w in made.weights().items()})
    with pytest.raises(Diverged, match="not finite"):
        inverted(made, np.zeros((1, *IMAGE)))


class Counted:
    """A generator that counts its gradients, and the rows that it generates."""

    def __init__(self, made):
        self.network, self.calls, self.rows = made, 0, 0

    def __call__(self, inputs, labels=None):
        self.rows += len(inputs)
        return self.network(inputs, labels)

    def noise_gradient(self, inputs, targets, labels=None):
        self.calls += 1
        return self.network.noise_gradient(inputs, targets, labels)
