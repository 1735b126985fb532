"""A named data set, also a plugin's, resized to another size."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image, ImageOps

from gankit import plugins
from gankit.data import ImageSet, glyphs
from gankit.data.dataset import Dataset
from gankit.data.resized import resized, with_channels
from gankit.errors import DataError, ExitCode
from gankit.plugins import registry


@pytest.fixture
def wide(monkeypatch):
    """Register a data set of 20x40 images with a test split, as a plugin does."""
    images = np.random.default_rng(0).integers(0, 256, (24, 20, 40, 1), np.uint8)
    data = ImageSet(images, None, "wide noise")
    offered = Dataset("wide", "noise", lambda _: data, test=lambda _: data)
    known = {**plugins.datasets(), "wide": offered}
    monkeypatch.setattr(registry, "datasets", lambda: known)
    return data


def test_data_sets_are_resized_like_pictures():
    images = np.random.default_rng(0).integers(0, 256, (3, 20, 40, 3), np.uint8)
    made = resized(ImageSet(images, None, "noise"), (10, 10))
    wanted = ImageOps.fit(Image.fromarray(images[1]), (10, 10), Image.Resampling.LANCZOS)
    assert np.array_equal(made.images[1], np.asarray(wanted))
    assert made.source == "noise, resized to 10x10 (crop)"


def test_any_number_of_channels_is_resized():
    images = np.zeros((2, 8, 8, 5), np.uint8)
    assert resized(ImageSet(images, None, "x"), (4, 6), "stretch").images.shape == (2, 4, 6, 5)


def test_a_data_set_of_the_right_size_is_unchanged():
    images, labels = glyphs.draw(3)
    data = ImageSet(images, labels, "glyphs")
    assert resized(data, (28, 28)) is data


@pytest.mark.usefixtures("machine", "wide")
def test_a_plugins_data_set_is_trained_and_evaluated_in_the_requested_size(command):
    words = ("--backend", "numpy", "--dataset", "wide", "--size", "28", "--batch", "4")
    ended = command("train", *words, "--steps", "2", "--out", "run")
    assert ended.code == 0, ended.err
    assert "wide noise, resized to 28x28 (crop)" in ended.err
    ended = command("train", "--steps", "3", "--out", "run", "--resume", "auto")
    assert ended.code == 0, ended.err
    assert command("evaluate", "run", "-n", "8", "--json").code == 0


@pytest.mark.usefixtures("machine", "wide")
def test_options_for_picture_folders_are_refused(command):
    ended = command("train", "--backend", "numpy", "--dataset", "wide", "--skip-bad")
    assert ended.code == ExitCode.USAGE
    assert "skip_bad" in ended.err


def test_resizing_keeps_the_labels(wide):
    labelled = dataclasses.replace(wide, labels=np.arange(24) % 3)
    assert np.array_equal(resized(labelled, (5, 5)).labels, labelled.labels)


def test_channels_change_between_grey_and_colour():
    images = np.random.default_rng(0).integers(0, 256, (3, 6, 5, 3), np.uint8)
    grey = with_channels(ImageSet(images, None, "noise"), 1)
    assert np.array_equal(
        grey.images[1, ..., 0], np.asarray(Image.fromarray(images[1]).convert("L"))
    )
    assert grey.source == "noise, in grey"
    colour = with_channels(grey, 3)
    assert np.array_equal(colour.images, np.repeat(grey.images, 3, axis=3))
    assert with_channels(colour, 3) is colour
    with pytest.raises(DataError, match="got 5 channels; expected 1 or 3; remove --channels"):
        with_channels(ImageSet(np.zeros((2, 4, 4, 5), np.uint8), None, "x"), 1)
