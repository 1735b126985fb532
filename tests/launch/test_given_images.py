"""`gankit.fit` takes the images of other libraries, and says what it recognised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.errors import ConfigError
from gankit.launch.from_python import read_given
from gankit.layers import Dense, Embedding, Flatten, Projection, Reshape, Tanh

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
LABELS = np.arange(40) % 4
GENERATOR, DISCRIMINATOR = [Dense(64), Tanh(), Reshape((8, 8, 1))], [Flatten(), Dense(1)]
CONDITIONAL = [Embedding(4), *GENERATOR], [Flatten(), Dense(4), Projection()]


def fit(images, networks=(GENERATOR, DISCRIMINATOR), **changes):
    words = {"steps": 2, "latent": 4, "batch": 8, "backend": "numpy", "progress": False}
    return gankit.fit(images, *networks, **words | changes)


def pairs():
    return ((image, int(label)) for image, label in zip(IMAGES, LABELS, strict=True))


def test_channels_first_give_the_same_numbers():
    first = np.moveaxis(IMAGES, 3, 1)
    assert np.array_equal(fit(first).sample(3), fit(IMAGES).sample(3))
    reals = IMAGES / np.float32(127.5) - 1
    assert np.array_equal(fit(np.moveaxis(reals, 3, 1)).sample(3), fit(reals).sample(3))


def test_labels_of_items_are_used_if_they_are_wanted():
    wanted = fit(pairs(), CONDITIONAL, labels=True)
    assert np.array_equal(wanted.sample(4), fit(IMAGES, CONDITIONAL, labels=LABELS).sample(4))
    assert np.array_equal(fit(pairs()).sample(4), fit(IMAGES).sample(4))


@pytest.mark.parametrize("count", [39, 41])
def test_labels_of_another_length_are_refused_even_if_they_are_not_wanted(count):
    with pytest.raises(ConfigError, match=f"labels: got {count}; expected 40, one for each image"):
        fit((IMAGES, np.zeros(count, np.int64)))


def test_labels_that_are_wanted_and_missing_are_named():
    with pytest.raises(ConfigError, match="labels: got True, but the images bring no labels"):
        fit(IMAGES, CONDITIONAL, labels=True)


def test_a_line_says_what_was_recognised(capsys):
    fit(pairs(), progress=True)
    told = capsys.readouterr().err
    assert "images: 40 images of 8x8x1, from a generator; labels=True uses their labels" in told
    fit(pairs(), progress=False)
    assert not capsys.readouterr().err


def test_a_line_says_that_labels_are_renumbered(capsys):
    fit(IMAGES, CONDITIONAL, labels=LABELS, progress=True)
    assert "labels:" not in capsys.readouterr().err
    fit(IMAGES, CONDITIONAL, labels=LABELS * 3, progress=True)
    line = "labels: {0} classes from 0 to {1}, renumbered; networks get 0 to {2}\n"
    count = LABELS.max() + 1
    assert line.format(count, LABELS.max() * 3, count - 1) in capsys.readouterr().err


def test_a_bar_shows_how_many_images_are_read(capsys, monkeypatch):
    monkeypatch.setattr(read_given, "QUICK_SECONDS", -1.0)
    fit(list(pairs()), progress=True)
    assert "40/40 images  reading images" in capsys.readouterr().err


def test_quick_reading_shows_no_bar(capsys, monkeypatch):
    monkeypatch.setattr(read_given, "QUICK_SECONDS", 60.0)
    fit(pairs(), progress=True)
    assert "reading images" not in capsys.readouterr().err


def test_a_path_object_without_a_slash_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("faces").mkdir()
    for number, pixels in enumerate(IMAGES):
        Image.fromarray(pixels[..., 0]).save(f"faces/{number:02}.png")
    words = {"backend": "numpy", "steps": 1, "batch": 8, "progress": False}
    with pytest.warns(UserWarning, match="there are only 40 images"):
        run = gankit.train("simple", dataset=Path("faces"), **words)
    assert run.config.dataset == str(tmp_path / "faces")
    with pytest.raises(ConfigError, match=r"did you mean the folder ./faces"):
        gankit.train("simple", dataset="faces", **words)


def test_images_by_the_name_of_their_options_are_refused():
    with pytest.raises(ConfigError, match="images: got an array; expected options, as in images="):
        gankit.train(images=IMAGES)


def test_the_size_of_images_outside_their_table_gets_a_hint():
    with pytest.raises(
        ConfigError, match=r"unknown argument 'size' \(did you mean images=\{'size'"
    ):
        gankit.train("simple", dataset=IMAGES, size=16)
