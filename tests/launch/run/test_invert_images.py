"""`Run.invert` and `Run.paths`."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.contract.latents import interpolated
from gankit.errors import ConfigError, DataError, UnknownName, Unsupported
from gankit.layers import Concat, Conv, Dense, Embedding, Flatten, Reshape, Tanh
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


def test_an_array_in_a_file_of_another_shape_is_refused_without_advice_for_training(run, tmp_path):
    np.save(tmp_path / "some.npy", np.repeat(IMAGES, 3, axis=3))
    with pytest.raises(
        DataError, match=r"some.npy: got images of 6x5x3; expected 6x5x1, which"
    ) as e:
        run.invert(tmp_path / "some.npy", **QUICK)
    assert "recipe" not in str(e.value)


def test_a_picture_that_cannot_be_read_is_skipped_on_request(run, tmp_path):
    Image.new("L", (5, 6)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="--skip-bad"):
        run.invert(tmp_path, **QUICK)
    assert run.invert(tmp_path, skip_bad=True, **QUICK).names == ("a.png",)


@pytest.mark.parametrize(
    ("images", "options", "error", "message"),
    [
        (IMAGES[:, :5], {}, ConfigError, "images: got images of 5x5x1; expected 6x5x1"),
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


@pytest.fixture(scope="module")
def turned():
    labels = np.zeros(12, [("angle", float), ("serif", float)])
    labels["angle"], labels["serif"] = np.linspace(-30, 30, 12), np.arange(12) % 2
    return fit((Embedding(3), *GENERATOR), labels=labels)


def test_labels_that_are_vectors_are_given_and_found_in_the_units_of_the_data(turned):
    found = turned.invert(IMAGES[:3], labels={"angle": [-30, 7.3, 30]}, **QUICK)
    np.testing.assert_array_equal(found.labels[:, 0], [-30, 7.3, 30])
    assert np.isin(found.labels[:, 1], (0, 1)).all()
    scale = [[30, 1]]
    made = turned.generator(found.latents, found.labels / scale)
    np.testing.assert_allclose(made, found.images, atol=1e-6)
    free = turned.invert(IMAGES[:2], **QUICK).labels
    assert np.abs(free[:, 0]).max() <= 30
    with pytest.raises(UnknownName, match="angel"):
        turned.invert(IMAGES[:2], labels={"angel": 1}, **QUICK)


def test_a_path_changes_labels_that_are_vectors_in_equal_steps(turned):
    found = turned.invert(IMAGES[:2], labels=[[-30, 0], [30, 0]], **QUICK)
    path = turned.paths(found, 3)[0]
    np.testing.assert_allclose(path[[1, 3]], found.images, atol=1e-5)
    noise = interpolated(found.latents, 3, 4)[0, 1:2]
    wanted = turned.generator(noise, np.zeros((1, 2)))[0]
    np.testing.assert_allclose(path[2], wanted, atol=1e-5)


@pytest.fixture(scope="module")
def beside():
    """Return a run whose generator takes noise and the grey levels of an image."""
    return gankit.fit(
        np.repeat(IMAGES, 3, axis=3),
        (Dense(30), Reshape((6, 5, 1)), Concat(1), Conv(3, 1), Tanh()),
        (Flatten(), Dense(1)),
        latent=4,
        steps=2,
        batch=4,
        backend="numpy",
        progress=False,
        source="paired",
        source_images="grey",
        inputs=("noise", "source"),
    )


def test_a_generator_of_noise_and_sources_takes_given_or_computed_ones(beside):
    images = np.repeat(IMAGES[:3], 3, axis=3)
    computed = beside.invert(images, derive=True, **QUICK)
    np.testing.assert_array_equal(computed.sources, IMAGES[:3])
    given = beside.invert(images, sources=IMAGES[:3], **QUICK)
    np.testing.assert_array_equal(given.latents, computed.latents)
    reals = beside.invert(beside.problem.scale(images), derive=True, **QUICK)
    np.testing.assert_array_equal(reals.sources, IMAGES[:3])
    other = beside.invert(images, sources=IMAGES[3:6], **QUICK)
    assert (other.images != given.images).any()
    path = beside.paths(given, 2)[0]
    np.testing.assert_allclose(path[1:3], given.images[:2], atol=1e-5)


def test_wrong_sources_are_refused(run, beside, tmp_path):
    images = np.repeat(IMAGES[:2], 3, axis=3)
    with pytest.raises(ConfigError, match="got neither sources nor derive"):
        beside.invert(images, **QUICK)
    with pytest.raises(ConfigError, match="got both sources and derive"):
        beside.invert(images, sources=IMAGES[:2], derive=True, **QUICK)
    with pytest.raises(ConfigError, match="sources: got 3; expected 2, one for each image"):
        beside.invert(images, sources=IMAGES[:3], **QUICK)
    with pytest.raises(ConfigError, match="sources: the run's generator takes no source images"):
        run.invert(IMAGES[:2], sources=IMAGES[:2], **QUICK)
    for folder, names in (("B", ("a.png", "b.png")), ("A", ("a.png", "c.png"))):
        (tmp_path / folder).mkdir()
        for name in names:
            Image.new("RGB", (5, 6), (10, 200, 30)).save(tmp_path / folder / name)
    with pytest.raises(ConfigError, match=r"got 'c\.png' for 'b\.png'"):
        beside.invert(tmp_path / "B", sources=tmp_path / "A", **QUICK)
    with pytest.raises(ConfigError, match="inversion: got that of another run"):
        run.paths(beside.invert(images, derive=True, **QUICK))


def test_a_generator_of_sources_alone_has_no_noise_to_search():
    translating = gankit.fit(
        IMAGES, (Conv(1, 1), Tanh()), (Flatten(), Dense(1)), latent=1, steps=1, batch=4,
        backend="numpy", progress=False, source="paired", source_images="edges", inputs="source",
    )  # fmt: skip
    with pytest.raises(ConfigError, match=r"no noise to search; call run\.translate"):
        translating.invert(IMAGES[:2], derive=True, **QUICK)
