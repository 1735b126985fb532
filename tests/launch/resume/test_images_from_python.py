"""A run on images given from Python records their digest, and resumes with the same images only."""

from __future__ import annotations

import json

import numpy as np
import pytest

import gankit
from gankit.data.memory_data import MEMORY, memory_data
from gankit.errors import ConfigError, DataError, PluginError
from gankit.layers import Dense, Flatten, Reshape, Tanh
from gankit.runs import RunFolder

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
LABELS = np.arange(40) % 4
OTHERS = IMAGES[::-1].copy()
NETWORKS = {
    "generator": [Dense(64), Tanh(), Reshape((8, 8, 1))],
    "discriminator": [Flatten(), Dense(1)],
}


@pytest.fixture
def train(tmp_path):
    def run(dataset=IMAGES, **settings):
        words = {"backend": "numpy", "steps": 2, "batch": 4, "progress": False, "latent": 4}
        given = {} if dataset is None else {"dataset": dataset}
        return gankit.train(out=tmp_path / "run", **given, **words | NETWORKS | settings)

    return run


def test_a_run_records_memory_with_digest_and_shape(train, tmp_path):
    run = train()
    folder = RunFolder(tmp_path / "run")
    facts = folder.facts()
    assert run.config.dataset == MEMORY
    assert 'dataset = "memory"' in folder.config.read_text("utf-8")
    assert facts["data"] == "40 images of 8x8x1, given from Python"
    assert facts["data_digest"] == memory_data(IMAGES).digest
    manifest = json.loads((folder.checkpoints.path(2) / "manifest.json").read_text("utf-8"))
    assert facts["data_digest"] in json.dumps(manifest)


def test_resuming_with_the_same_images_gives_the_same_numbers(train, tmp_path):
    train()
    resumed = train(steps=5, resume=True)
    (tmp_path / "run").rename(tmp_path / "before")
    assert np.array_equal(resumed.history, train(steps=5).history)


@pytest.mark.parametrize("others", [OTHERS, IMAGES[:39]], ids=["another order", "fewer"])
def test_resuming_with_other_images_is_refused(train, others):
    train()
    with pytest.raises(ConfigError, match=r"other images than .* given from Python; give the"):
        train(others, steps=5, resume=True)


def test_resuming_without_the_images_asks_for_them(train):
    train()
    with pytest.raises(DataError, match="given from Python: give them again, to"):
        train(None, steps=5, resume=True)


def test_a_command_that_needs_the_images_says_where_they_are_from(train, tmp_path, command):
    train()
    for words in (["evaluate", tmp_path / "run"], ["train", "--resume", "--out", tmp_path / "run"]):
        done = command(*words)
        assert done[0] != 0
        assert done[2].strip().splitlines()[-1].endswith("give its path with --dataset"), done


def test_a_run_resumes_with_the_same_images_in_a_file(train, tmp_path):
    train()
    np.save(tmp_path / "same.npy", IMAGES)
    resumed = train(str(tmp_path / "same.npy"), steps=5, resume=True)
    assert resumed.step == 5


def test_the_recipe_fits_the_shape_of_the_images():
    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), np.uint8)
    words = {"backend": "numpy", "steps": 1, "batch": 4, "progress": False}
    run = gankit.train(dataset=images, **words)
    assert run.config.recipe == "pictures"
    assert run.sample(2).shape == (2, 16, 16, 3)


def test_images_from_python_are_resized_if_a_size_is_given():
    words = {"backend": "numpy", "steps": 1, "batch": 4, "progress": False}
    run = gankit.train("simple", dataset=IMAGES, images={"size": [28, 28]}, **words)
    assert run.sample(2).shape == (2, 28, 28, 1)


def test_a_run_on_images_from_python_is_evaluated_during_training(train, tmp_path):
    train(evaluate_every=1, evaluate_samples=10, steps_per_epoch=1)
    assert len((tmp_path / "run" / "evaluations.jsonl").read_text("utf-8").splitlines()) == 2


def test_no_plugin_may_be_called_memory():
    def load(_folder):
        raise AssertionError

    with pytest.raises(PluginError, match="images given from Python"):
        gankit.register(gankit.data.Dataset("memory", "mine", load))


def test_a_run_on_a_generator_resumes_with_an_array_of_the_same_images(train):
    train(picture / 255 for picture in np.moveaxis(IMAGES, 3, 1))
    assert train(steps=5, resume=True).step == 5


def test_other_settings_are_checked_before_the_images_are_read(train):
    def images():
        raise AssertionError("read")
        yield

    with pytest.raises(ConfigError, match="unknown argument 'batches'"):
        train(images(), batches=3)
    with pytest.raises(ConfigError, match="latent: got 0"):
        train(images(), latent=0)


def test_pictures_of_several_sizes_resume_with_the_size_of_the_run(train):
    several = [IMAGES[0], *IMAGES[1:, :7]]
    train(several, images={"size": [8, 8]})
    assert train(several, steps=5, resume=True).step == 5


def test_a_class_conditional_recipe_takes_the_labels_of_the_items(tmp_path):
    names = ["ant", "bee", "cat", "dog"]
    pairs = [(image, names[label]) for image, label in zip(IMAGES, LABELS, strict=True)]
    run = gankit.train(
        "cgan", dataset=pairs, images={"size": [28, 28]}, backend="numpy", steps=1, batch=4,
        progress=False, out=tmp_path / "run",
    )  # fmt: skip
    assert run.class_names == tuple(names)
    assert gankit.load(tmp_path / "run").class_names == tuple(names)
