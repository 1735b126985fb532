"""Class-conditional runs, by the command and in Python."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.errors import ConfigError
from gankit.layers import Dense, Embedding, Flatten, LeakyReLU, Projection, Reshape, Tanh
from gankit.optimizers import Adam

GENERATOR = (Embedding(3), Dense(6), Tanh(), Reshape((3, 2, 1)))
PROJECTION = (Flatten(), Dense(5), LeakyReLU(0.2), Projection())
LABELS = np.arange(20) % 3
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 3, 2, 1), dtype=np.uint8)
TINY = """
latent = 4
steps_per_epoch = 2
generator.layers = [
    { layer = "embedding", units = 3 },
    { layer = "dense", units = 784 },
    { layer = "tanh" },
    { layer = "reshape", shape = [28, 28, 1] },
]
discriminator.layers = [
    { layer = "flatten" },
    { layer = "dense", units = 6 },
    { layer = "projection" },
]
"""


def fit(**changes):
    given = {"steps": 4, "latent": 3, "batch": 6, "backend": "numpy", "labels": LABELS} | changes
    return gankit.fit(IMAGES, GENERATOR, PROJECTION, **given)


@pytest.fixture
def run(machine, command):
    """Return the folder of a class-conditional run of 4 steps on glyphs."""
    (machine / "tiny.toml").write_text(TINY, "utf-8")
    ended = command(
        "train",
        "--backend",
        "numpy",
        "--dataset",
        "glyphs",
        "--config",
        "tiny.toml",
        "--steps",
        "4",
        "--batch",
        "8",
        "--out",
        "run",
    )
    assert ended.code == 0, ended.err
    return machine / "run"


def sampled(command, *arguments):
    ended = command("sample", "run", "--out", "made.npy", *arguments)
    assert ended.code == 0, ended.err
    return np.load("made.npy", allow_pickle=False)


def size(picture):
    with Image.open(picture) as image:
        return image.size


def test_the_classes_are_those_of_the_data(run):
    assert gankit.load(run).problem.classes == 10


def test_samples_of_one_class_are_those_of_that_class(run, command):
    sevens = sampled(command, "--class", "7", "-n", "3")
    assert np.array_equal(sevens, gankit.load(run).sample(3, labels=7))
    assert not np.array_equal(sevens, sampled(command, "--class", "8", "-n", "3"))


def test_samples_cycle_through_the_classes(run, command):
    mixed = sampled(command, "-n", "12")
    turn = gankit.load(run).sample(12, labels=np.arange(12) % 10)
    assert np.array_equal(mixed, turn)


def test_a_grid_by_class_has_a_row_for_each(run, command):
    assert (
        command("sample", run, "--by-class", "-n", "3", "--scale", "1", "--out", "rows.png").code
        == 0
    )
    assert size("rows.png") == (3 * 28 + 2 * 2, 10 * 28 + 9 * 2)


def test_the_grids_of_training_have_a_class_a_row(run):
    assert size(run / "samples" / "000002.png") == (5 * 28 + 4 * 2, 10 * 28 + 9 * 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--class", "10"], "no class '10'; the classes are 0 to 9\n"),
        (["--class", "-1"], "no class '-1'; the classes are 0 to 9"),
        (["--by-class", "--class", "3"], "remove --class"),
        (["--by-class", "--columns", "3"], "--columns"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_impossible_classes_are_refused_in_one_line(run, command, arguments, said):
    ended = command("sample", "run", "--out", "made.npy", *arguments)
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert said in ended.err
    assert not (run.parent / "made.npy").exists()


def test_a_run_without_classes_refuses_class_options(machine, command):
    out = machine / "run"
    gankit.train("simple", backend="numpy", dataset="glyphs", steps=1, batch=2, out=out)
    for arguments in (["--class", "3"], ["--by-class"]):
        ended = command("sample", out, *arguments)
        assert ended.code == 2
        assert "is not class-conditional" in ended.err


def test_data_without_labels_is_refused_before_anything_is_written(machine, command):
    np.save(machine / "plain.npy", np.zeros((5, 28, 28, 1), np.uint8))
    ended = command("train", "--recipe", "cgan", "--backend", "numpy", "--dataset", "plain.npy")
    assert ended.code == 3
    assert "needs labelled images" in ended.err
    assert not (machine / "runs").exists()


def test_fitting_accepts_labels_and_sampling_one_label_or_one_per_image():
    run = fit()
    assert run.problem.classes == 3
    assert np.array_equal(run.sample(4, labels=2), run.sample(4, labels=np.full(4, 2)))
    assert not np.array_equal(run.sample(4, labels=2), run.sample(4, labels=1))


def test_labels_change_the_trained_weights():
    other = fit(labels=LABELS[::-1].copy())
    assert not np.array_equal(fit().history, other.history)


@pytest.mark.parametrize(
    "labels",
    [None, LABELS[:-1], LABELS / 2, LABELS - 1, np.full((20, 2), np.nan), [None] * 20, {"a": 1}],
    ids=["none", "too few", "halves", "below 0", "not finite", "objects", "a dict"],
)
def test_fitting_refuses_impossible_labels(labels):
    with pytest.raises(ConfigError):
        fit(labels=labels)


def test_a_discriminator_with_an_auxiliary_classifier_classifies():
    discriminator = (Flatten(), Dense(5), LeakyReLU(0.2), Dense(4))
    images = np.broadcast_to((LABELS * 100).astype(np.uint8)[:, None, None, None], IMAGES.shape)
    images = images + (IMAGES % 2)
    run = gankit.fit(
        images,
        GENERATOR,
        discriminator,
        labels=LABELS,
        auxiliary=1.0,
        steps=300,
        latent=3,
        batch=20,
        backend="numpy",
        discriminator_optimizer=Adam(5e-3, 0.5, 0.999, 1e-7),
    )
    real = run.problem.scale(images)
    logits = run.trainer.discriminator.classify(real)
    assert logits.shape == (20, 3)
    assert run.trainer.discriminator(real).shape == (20,)
    assert (logits.argmax(axis=1) == LABELS).all()


def test_too_few_classes_are_refused_before_anything_is_written(machine, command):
    ended = command(
        "train",
        "--recipe",
        "cgan",
        "--backend",
        "numpy",
        "--dataset",
        "glyphs",
        "--set",
        "classes=5",
        "--out",
        "run",
    )
    assert ended.code == 2
    assert "classes: got 5; expected at least 10" in ended.err
    assert not (machine / "run").exists()


def test_a_generator_without_class_layers_refuses_a_class():
    generator = (Dense(6), Tanh(), Reshape((3, 2, 1)))
    run = gankit.fit(
        IMAGES,
        generator,
        PROJECTION,
        labels=LABELS.tolist(),
        steps=1,
        latent=3,
        batch=6,
        backend="numpy",
    )
    assert run.sample(2).shape == (2, 3, 2, 1)
    with pytest.raises(ConfigError, match="is not class-conditional"):
        run.sample(2, labels=1)


def test_classify_needs_an_auxiliary_classifier():
    generator, discriminator = (Dense(6), Reshape((3, 2, 1))), (Flatten(), Dense(1))
    run = gankit.fit(IMAGES, generator, discriminator, steps=1, latent=3, backend="numpy")
    with pytest.raises(ConfigError, match="no classifier"):
        run.trainer.discriminator.classify(run.problem.scale(IMAGES))


@pytest.mark.parametrize("labels", [["a"], [0], [0.5, 1.5], [None, None]])
def test_classes_that_are_not_one_for_each_sample_are_refused(labels):
    message = r"labels: got .*; expected a class, or 2 of them: numbers or names"
    with pytest.raises(ConfigError, match=message):
        fit().sample(2, labels=labels)
