"""Class names: from folders and labels to samples, reports and cards."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

import gankit
from gankit.contract.latents import latents
from gankit.data.class_names import Classes
from gankit.errors import ConfigError
from gankit.export import export, read
from gankit.layers import Dense, Embedding, Flatten, Projection, Reshape, Tanh
from gankit.report.explorer import payload

TINY = """
latent = 4
steps_per_epoch = 2
generator.layers = [
    { layer = "embedding", units = 3 },
    { layer = "dense", units = 64 },
    { layer = "tanh" },
    { layer = "reshape", shape = [8, 8, 1] },
]
discriminator.layers = [
    { layer = "flatten" },
    { layer = "dense", units = 6 },
    { layer = "projection" },
]
"""
GENERATOR = (Embedding(2), Dense(4), Tanh(), Reshape((2, 2, 1)))
DISCRIMINATOR = (Flatten(), Dense(3), Projection())
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 2, 2, 1), np.uint8)


@pytest.fixture
def train(machine, command):
    """Train two steps of a class-conditional run on a path; return the ended command."""
    (machine / "tiny.toml").write_text(TINY, "utf-8")

    def run(dataset, *more):
        ended = command(
            "train",
            "--backend",
            "numpy",
            "--config",
            "tiny.toml",
            "--dataset",
            dataset,
            "--steps",
            "2",
            "--batch",
            "4",
            "--out",
            "run",
            *more,
        )
        assert ended.code == 0, ended.err
        return ended

    return run


def pets(folder, *kinds, bad=()):
    for kind in kinds:
        (folder / kind).mkdir(parents=True)
        for number in range(4):
            path = folder / kind / f"{number}.png"
            Image.new("L", (8, 8), 20 * number).save(path)
            if kind in bad:
                path.write_bytes(b"broken")
    return "./" + folder.name


def fit(labels):
    return gankit.fit(
        IMAGES,
        GENERATOR,
        DISCRIMINATOR,
        steps=1,
        latent=2,
        batch=4,
        backend="numpy",
        labels=labels,
    )


@pytest.fixture
def animals(machine, train):
    """Return the folder of a run with three classes named after animals."""
    train(pets(machine / "pets", "cats", "dogs", "it's one"))
    return machine / "run"


def test_a_run_stores_its_class_names(animals):
    assert json.loads((animals / "classes.json").read_text("utf-8")) == ["cats", "dogs", "it's one"]
    assert gankit.load(animals).class_names == ("cats", "dogs", "it's one")


def test_a_class_is_sampled_by_its_name_and_by_its_number(animals, command):
    run = gankit.load(animals)
    assert np.array_equal(run.sample(3, labels="dogs"), run.sample(3, labels=1))
    assert np.array_equal(run.sample(2, labels=["dogs", "cats"]), run.sample(2, labels=[1, 0]))
    for called in ("dogs", "1"):
        assert command("sample", "run", "--class", called, "--out", "x.npy", "-n", "3").code == 0
        assert np.array_equal(np.load("x.npy"), run.sample(3, labels=1))


def test_an_unknown_class_is_refused_with_the_known_classes(animals, command):
    ended = command("sample", "run", "--class", "dog", "--out", "x.npy")
    assert ended.code == 2
    assert (
        "no class 'dog'; the classes are cats, dogs, it's one (did you mean 'dogs'?)" in ended.err
    )
    with pytest.raises(ConfigError, match="no class 3; the classes are cats, dogs, it's one"):
        gankit.load(animals).sample(2, labels=[0, 3])


def test_class_names_are_beside_the_rows_of_grids(animals, command):
    with Image.open(animals / "samples" / "000002.png") as grid:
        assert grid.size[1] == 3 * 8 + 2 * 2
        assert grid.size[0] > 5 * 8 + 4 * 2
    assert command("sample", "run", "--by-class", "-n", "2", "--out", "x.jpg").code == 0
    with Image.open("x.jpg") as grid:
        assert grid.format == "JPEG"
        assert grid.size[0] > 2 * 8 + 2


def test_a_report_and_its_explorer_have_the_class_names(animals, command):
    assert command("report", "run", "--out", "x.html").code == 0
    assert "cats, dogs, it&#39;s one" in Path("x.html").read_text("utf-8")
    assert payload(gankit.load(animals))["names"] == ["cats", "dogs", "it's one"]


@pytest.mark.usefixtures("animals")
def test_a_card_has_the_class_names(command):
    ended = command("export", "run", "--to", "safetensors", "--out", "x.safetensors")
    assert ended.code == 0, ended.err
    assert "The classes: 0 cats, 1 dogs, 2 it's one." in Path("x.safetensors.md").read_text("utf-8")


@pytest.mark.skipif(os.name == "nt", reason="names there are text")
def test_names_that_are_not_unicode_are_kept_and_shown_escaped(machine, train, command):
    one, other = os.fsdecode(b"cats\xff"), os.fsdecode(b"cats\xfe")
    train(pets(machine / "pets", one, other))
    assert gankit.load("run").class_names == (other, one)
    assert command("sample", "run", "--class", one, "--out", "x.npy", "-n", "3").code == 0
    assert np.array_equal(np.load("x.npy"), gankit.load("run").sample(3, labels=1))
    card = export(machine / "run", "safetensors").card.read_text("utf-8")
    assert r"The classes: 0 cats\\udcfe, 1 cats\\udcff." in card
    assert command("report", "run", "--out", "x.html").code == 0


def test_an_evaluation_has_the_names_of_its_classes(animals):
    assert gankit.load(animals).evaluate(n=6).class_names == ("cats", "dogs", "it's one")


def test_an_export_holds_the_names_of_its_classes(animals):
    done = export(animals, "safetensors", animals / "g.safetensors")
    with safe_open(done.path, "np") as file:
        assert json.loads(file.metadata()["class_names"]) == ["cats", "dogs", "it's one"]
    made = read(done.path)(latents(3, 4, seed=1), np.arange(3))
    np.testing.assert_allclose(made, gankit.load(animals).sample(3, seed=1), atol=1e-6)


def test_a_damaged_list_of_class_names_stops_no_command(animals, command):
    (animals / "classes.json").write_bytes(b"[1, {")
    assert gankit.load(animals).class_names == ()
    assert command("sample", "run", "--class", "1", "--out", "x.npy").code == 0


def test_missing_class_names_are_written_again_on_resuming(animals, train):
    (animals / "classes.json").unlink()
    train("./pets", "--resume", "auto", "--steps", "4")
    assert gankit.load(animals).class_names == ("cats", "dogs", "it's one")


def test_a_class_without_readable_pictures_is_left_out_and_reported(machine, train, command):
    ended = train(pets(machine / "pets", "cats", "dogs", "owls", bad=("dogs",)), "--skip-bad")
    assert "removed 1 class without images (dogs); remaining: cats, owls" in ended.err
    run = gankit.load("run")
    assert (run.problem.classes, run.class_names) == (2, ("cats", "owls"))
    assert command("sample", "run", "--class", "dogs", "--out", "x.npy").code == 2


def test_years_are_classes_in_numeric_order(machine, train, command):
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8), np.uint8)
    np.savez(machine / "mine.npz", data=images, target=np.array([2024, 2019] * 6))
    train("./mine.npz", "--images-key", "data", "--labels-key", "target")
    run = gankit.load("run")
    assert (run.problem.classes, run.class_names) == (2, ("2019", "2024"))
    assert np.array_equal(run.sample(4)[1::2], run.sample(4, labels=2024)[1::2])
    assert np.array_equal(run.each_class(1), [2019, 2024])
    assert command("sample", "run", "--class", "2024", "--out", "x.npy").code == 0
    assert command("sample", "run", "--class", "0", "--out", "x.npy").code == 2


def test_labels_from_1_make_no_empty_class(machine, train):
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8), np.uint8)
    np.savez(machine / "mine.npz", images=images, labels=np.arange(12) % 3 + 1)
    assert "removed 1 class without images; remaining" in train("./mine.npz").err
    assert gankit.load("run").problem.classes == 3


def test_a_number_of_classes_that_is_given_keeps_the_numbers(machine, train):
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8), np.uint8)
    np.savez(machine / "mine.npz", images=images, labels=np.arange(12) % 3 + 1)
    said = train("./mine.npz", "--set", "classes=4").err
    assert "classes: got 4, but only 3 have images (1, 2, 3)" in said
    assert gankit.load("run").problem.classes == 4


def test_fitting_takes_names_and_keeps_them():
    run = fit(["b", "a", "c"] * 4)
    assert (run.problem.classes, run.class_names) == (3, ("a", "b", "c"))
    same = fit([1, 0, 2] * 4)
    assert np.array_equal(run.sample(2, labels="b"), same.sample(2, labels=1))
    assert same.class_names == ()


@pytest.mark.parametrize(
    "labels", [np.arange(12)[:, None] % 3, np.eye(3)[np.arange(12) % 3], np.arange(12.0) % 3]
)
def test_fitting_accepts_labels_in_the_forms_of_other_libraries(labels):
    assert np.array_equal(fit(labels).history, fit(np.arange(12) % 3).history)


def test_a_class_name_that_is_a_number_is_not_an_index():
    classes = Classes(("3", "10"))
    assert classes.numbers(np.array([10, 3, 10])).tolist() == [1, 0, 1]
    assert classes.labels(np.array([1, 0])).tolist() == [10, 3]
    for called in ("0", 0, 1, "cat", 10**30):
        with pytest.raises(ConfigError, match=f"no class {called!r}; the classes are 3, 10"):
            classes.number(called)
