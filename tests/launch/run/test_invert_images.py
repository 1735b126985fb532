"""`Run.invert` and `Run.paths`."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.errors import ConfigError, DataError, Unsupported
from gankit.layers import Dense, Embedding, Flatten, Reshape, Tanh
from gankit.optimizers import Average

SHAPE = (6, 5, 1)
IMAGES = np.random.default_rng(0).integers(0, 256, (12, *SHAPE), dtype=np.uint8)
GENERATOR = (Dense(30), Tanh(), Reshape(SHAPE))
DISCRIMINATOR = (Flatten(), Dense(1))
QUICK = {"steps": 5, "restarts": 2, "progress": False}


def fit(generator=GENERATOR, **changes):
    given = {"latent": 4, "steps": 3, "batch": 4, "backend": "numpy", "progress": False} | changes
    return gankit.fit(IMAGES, generator, DISCRIMINATOR, **given)


@pytest.fixture(scope="module")
def run():
    return fit()


def test_uint8_and_real_images_are_inverted_alike(run):
    found = run.invert(IMAGES[:3], **QUICK)
    reals = run.invert(run.problem.scale(IMAGES[:3]), **QUICK)
    np.testing.assert_array_equal(found.latents, reals.latents)
    assert found.names == ("0", "1", "2")
    assert found.labels is None
    assert found.images.shape == (3, *SHAPE)
    np.testing.assert_array_equal(found.originals, IMAGES[:3])


def test_the_average_is_inverted():
    run = fit(average=Average(half_life=200, ramp=0.5))
    found = run.invert(IMAGES[:2], **QUICK)
    np.testing.assert_array_equal(found.images, run.trainer.average(found.latents))
    assert (found.images != run.trainer.generator(found.latents)).any()


def test_an_inversion_changes_no_state(run):
    before = {name: array.copy() for name, array in run.trainer.state().items()}
    run.invert(IMAGES[:2], **QUICK)
    after = run.trainer.state()
    assert all(after[name].tobytes() == before[name].tobytes() for name in before)


def test_pictures_of_a_folder_are_resized_and_named(run, tmp_path):
    for name, size in (("a.png", (20, 24)), ("b.png", (5, 6))):
        Image.new("RGB", size, (10, 200, 30)).save(tmp_path / name)
    found = run.invert(tmp_path, **QUICK)
    assert found.names == ("a.png", "b.png")
    assert found.originals.shape == (2, *SHAPE)


def test_an_array_in_a_file_is_inverted(run, tmp_path):
    np.save(tmp_path / "some.npy", IMAGES[:2])
    found = run.invert(tmp_path / "some.npy", **QUICK)
    np.testing.assert_array_equal(found.latents, run.invert(IMAGES[:2], **QUICK).latents)


def test_a_picture_that_cannot_be_read_is_skipped_on_request(run, tmp_path):
    Image.new("L", (5, 6)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="--skip-bad"):
        run.invert(tmp_path, **QUICK)
    assert run.invert(tmp_path, skip_bad=True, **QUICK).names == ("a.png",)


@pytest.mark.parametrize(
    ("images", "options", "error", "message"),
    [
        (IMAGES[:, :5], {}, ConfigError, "images: got 5x5x1; expected 6x5x1"),
        (IMAGES[:0], {}, ConfigError, "images"),
        (IMAGES, {"steps": 0}, ConfigError, "steps: got 0"),
        (IMAGES, {"restarts": 1.5}, ConfigError, "restarts: got 1.5"),
        (IMAGES, {"seed": -1}, ConfigError, "seed: got -1"),
        (IMAGES, {"labels": 1}, ConfigError, "not class-conditional"),
        ("nothing", {}, DataError, "no file or folder nothing"),
    ],
)
def test_wrong_arguments_are_refused(run, images, options, error, message):
    with pytest.raises(error, match=message):
        run.invert(images, **QUICK | options)


def test_a_backend_without_noise_gradients_is_refused(run, monkeypatch):
    class Plain:
        def __init__(self, made):
            self.weights, self.load_weights = made.weights, made.load_weights

        def __call__(self, noise, labels=None): ...

    monkeypatch.setattr(run.trainer, "generator", Plain(run.trainer.generator))
    with pytest.raises(Unsupported, match="noise-gradients"):
        run.invert(IMAGES, **QUICK)


def test_a_path_begins_and_ends_with_the_originals(run):
    found = run.invert(IMAGES[:3], **QUICK)
    paths = run.paths(found, 4)
    assert paths.shape == (2, 6, *SHAPE)
    originals = run.problem.scale(IMAGES[:3])
    np.testing.assert_array_equal(paths[:, 0], originals[:2])
    np.testing.assert_array_equal(paths[:, -1], originals[1:])
    np.testing.assert_allclose(paths[:, 1], found.images[:2], atol=1e-5)
    np.testing.assert_allclose(paths[:, -2], found.images[1:], atol=1e-5)


def test_a_path_changes_its_class_in_the_middle():
    labels = np.arange(12) % 3
    run = fit((Embedding(3), *GENERATOR), labels=labels)
    found = run.invert(IMAGES[:2], labels=[0, 2], **QUICK)
    np.testing.assert_array_equal(found.labels, [0, 2])
    path = run.paths(found, 2)[0]
    np.testing.assert_allclose(path[1:3], found.images, atol=1e-5)


def test_a_path_needs_two_images(run):
    with pytest.raises(ConfigError, match="at least two"):
        run.paths(run.invert(IMAGES[:1], **QUICK))
    with pytest.raises(ConfigError, match=r"run\.invert"):
        run.paths(IMAGES)


def test_a_path_of_another_run_is_refused(run):
    conditional = fit((Embedding(3), *GENERATOR), labels=np.arange(12) % 3)
    for other in (fit(latent=5), conditional):
        found = other.invert(IMAGES[:2], **QUICK)
        for one, inversion in ((run, found), (other, run.invert(IMAGES[:2], **QUICK))):
            with pytest.raises(ConfigError, match="inversion: got that of another run"):
                one.paths(inversion)


def test_the_grid_has_the_image_of_the_lowest_error_first(run):
    found = run.invert(IMAGES[:3], **QUICK)
    pixels = found.grid(scale=1).pixels
    first = int(found.errors.argmin())
    np.testing.assert_array_equal(pixels[:6, :5], IMAGES[first, ..., 0])
    assert pixels.shape == (12, 3 * 5 + 2 * 2)
    assert repr(found).startswith("Inversion(3 images, errors 0.")
