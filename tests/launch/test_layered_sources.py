"""Networks take the size and channels of the images; without a recipe, the images choose one."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit import plugins
from gankit.config.layering import config_of
from gankit.data import Dataset, ImageSet
from gankit.data.formats.image_folder import typical_shape
from gankit.errors import DataError, ExitCode
from gankit.launch.layered_sources import layered_sources
from gankit.plugins import registry
from gankit.recipes.families import networks


def write_pictures(folder, *shapes):
    """Write a random picture of each shape."""
    Path(folder).mkdir(parents=True)
    random = np.random.default_rng(0)
    for number, shape in enumerate(shapes):
        pixels = random.integers(0, 256, shape, np.uint8)
        Image.fromarray(pixels).save(f"{folder}/{number}.png")


def configured(recipe=None, told=None, **settings):
    """Return the configuration of a run, without families."""
    lines = [] if told is None else told
    sources = layered_sources(recipe, [("test", settings)], tell=lines.append)
    return config_of(sources, plugins.get_penalty)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("shapes", "shape"),
    [
        ([(64, 64, 3)] * 3, (64, 64, 3)),
        ([(28, 28)] * 3, (28, 28, 1)),
        ([(50, 52, 3)] * 3, (48, 48, 3)),
        ([(240, 320), (250, 330), (900, 100, 3)], (48, 64, 3)),
        ([(5, 5)], (16, 16, 1)),
    ],
)
def test_pictures_without_a_size_take_the_nearest_to_their_median_and_their_colours(shapes, shape):
    write_pictures("faces", *shapes)
    config = configured("dcgan", dataset="./faces")
    assert (config.generator.layers, config.discriminator.layers) == networks("dcgan", shape)
    assert config.images.size == shape[:2]
    assert config.images.channels == shape[2]


def test_one_line_says_which_size_other_pictures_get():
    write_pictures("faces", *[(250, 178, 3)] * 3)
    told = []
    configured("dcgan", told, dataset="./faces")
    assert told == [
        "the pictures of ./faces are about 250x178; the networks make 64x48; choose another size "
        "with --size"
    ]


def test_size_and_channels_take_precedence_over_the_pictures():
    write_pictures("faces", *[(64, 64, 3)] * 3)
    config = configured("r3gan", dataset="./faces", images={"size": [32, 48], "channels": 1})
    assert config.image_shape == (32, 48, 1)


def test_an_array_gives_its_shape():
    np.save("mine.npy", np.zeros((4, 20, 16, 5), np.uint8))
    assert configured("dcgan", dataset="mine.npy").image_shape == (20, 16, 5)


@pytest.mark.parametrize("shape", [None, (20, 24, 3)])
def test_a_data_set_of_a_plugin_gives_its_shape(monkeypatch, shape):
    images = ImageSet(np.zeros((4, 20, 24, 3), np.uint8), None, "mine")
    mine = Dataset("mine", "mine", lambda _: images, shape=shape)
    monkeypatch.setattr(registry, "datasets", lambda: {"mine": mine})
    assert configured("dcgan", dataset="mine").image_shape == (20, 24, 3)
    assert configured("dcgan", dataset="mine", images={"size": [32, 32]}).image_shape[:2] == (
        32,
        32,
    )


def test_published_data_sets_state_their_shapes():
    shapes = {name: dataset.shape for name, dataset in plugins.datasets().items()}
    assert shapes["cifar10"] == (32, 32, 3)
    assert {shapes[name] for name in ("mnist", "fashion-mnist", "kmnist", "glyphs")} == {
        (28, 28, 1)
    }


def test_an_auxiliary_classifier_has_the_classes_of_the_data():
    for name in ("cats", "dogs", "mice"):
        write_pictures(f"pets/{name}", (32, 32, 3))
    config = configured("acgan", dataset="./pets")
    assert config.discriminator.layers[-1].units == 1 + 3


def test_data_that_cannot_be_read_are_left_to_those_who_read_them():
    assert configured("dcgan", dataset="./nothing").image_shape == (28, 28, 1)
    assert configured("dcgan", dataset="nothing").image_shape == (28, 28, 1)


def test_the_typical_shape_is_that_of_readable_pictures():
    write_pictures("faces", (20, 30), (22, 30), (24, 50))
    Path("faces/a.png").write_bytes(b"none")
    assert typical_shape(Path("faces")) == (22, 30, 1)
    for path in Path("faces").iterdir():
        path.write_bytes(b"none")
    with pytest.raises(DataError, match="cannot read any of 4 pictures"):
        typical_shape(Path("faces"))


@pytest.mark.parametrize(
    ("shape", "recipe", "line"),
    [
        (
            (64, 64, 3),
            "pictures",
            "are 64x64 colour, not 28x28 grey as for simple; --recipe chooses",
        ),
        ((32, 32), "pictures", "are 32x32 grey, not 28x28 grey as for simple"),
        ((28, 28), "simple", None),
        (
            (8, 9),
            "simple",
            "are 8x9 grey, which dense networks make; convolutional .* 16x16",
        ),
    ],
)
def test_without_a_recipe_the_images_choose_one_and_a_line_says_why(shape, recipe, line):
    write_pictures("faces", *[shape] * 3)
    np.save("mine.npy", np.zeros((3, *shape), np.uint8))
    for dataset in ("./faces", "mine.npy"):
        told = []
        config = configured(None, told, dataset=dataset)
        assert config.recipe == recipe
        assert config.image_shape == (*shape, 1)[:3]
        assert told == [] if line is None else re.match(rf"recipe {recipe}: .* {line}", told[0])


def test_an_array_that_convolutions_do_not_make_gets_dense_networks():
    np.save("mine.npy", np.zeros((3, 50, 50), np.uint8))
    config = configured(dataset="mine.npy")
    assert (config.recipe, config.image_shape) == ("simple", (50, 50, 1))


def test_networks_of_ones_own_choose_no_recipe():
    write_pictures("faces", (64, 64, 3))
    told = []
    layers = [{"layer": "dense", "units": 3}]
    config = configured(None, told, dataset="./faces", generator={"layers": layers})
    assert (config.recipe, told) == ("simple", [])


@pytest.mark.usefixtures("machine")
def test_the_command_makes_colour_pictures_of_a_good_size(command):
    write_pictures("faces", *[(16, 20, 3)] * 6)
    words = ("--dataset", "./faces", "--backend", "numpy", "--set", "width=2", "--batch", "4")
    ended = command("train", *words, "--steps", "2", "--out", "run")
    assert ended.code == 0, ended.err
    assert "recipe pictures: the images of ./faces are 16x20 colour" in ended.err
    text = Path("run/config.toml").read_text("utf-8")
    assert "family" not in text
    assert "width" not in text
    run = gankit.load("run")
    assert run.sample(3).shape == (3, 16, 20, 3)
    ended = command("train", "--out", "run", "--resume", "--steps", "3")
    assert ended.code == 0, ended.err


@pytest.mark.usefixtures("machine")
def test_the_same_command_with_its_width_resumes_a_run(command):
    write_pictures("faces", *[(16, 20, 3)] * 6)
    words = ("train", "--dataset", "./faces", "--backend", "numpy", "--batch", "4", "--out", "run")
    assert command(*words, "--set", "width=2", "--steps", "2").code == 0
    for recipe in ((), ("--recipe", "pictures")):
        more = command(*words, *recipe, "--set", "width=2", "--steps", "3", "--resume")
        assert more.code == 0, more.err
    assert gankit.load("run").step == 3
    other = command(*words, "--set", "width=3", "--steps", "4", "--resume")
    assert other.code == ExitCode.USAGE
    assert "run was trained with other settings: generator.layers.0.units was" in other.err


@pytest.mark.usefixtures("machine")
def test_a_run_of_a_file_resumes_with_its_width_if_the_file_is_given(command):
    write_pictures("faces", *[(16, 20, 3)] * 6)
    Path("mine.toml").write_text(command("recipes", "show", "pictures").out, "utf-8")
    words = ("train", "--dataset", "./faces", "--backend", "numpy", "--batch", "4", "--out", "run")
    words += ("--recipe", "mine.toml", "--set", "width=2")
    assert command(*words, "--steps", "2").code == 0
    assert command(*words, "--steps", "3", "--resume").code == 0
    without = command("train", "--out", "run", "--resume", "--steps", "4", "--set", "width=2")
    said = "gankit: unknown key 'width'; 'gankit train --print-config' lists keys\n"
    assert (without.code, without.err) == (ExitCode.USAGE, said)


@pytest.mark.usefixtures("machine")
def test_a_size_that_no_network_makes_is_an_error_of_one_line(command):
    write_pictures("faces", *[(64, 64, 3)] * 6)
    ended = command("train", "--recipe", "dcgan", "--dataset", "./faces", "--size", "50")
    assert ended.code == ExitCode.USAGE
    assert ended.err.splitlines() == [
        "gankit: family dcgan: image size: got 50x50; expected sides of s * 2^k pixels, with s "
        "from 3 to 7 and the same k, from 16 up; the nearest are 48x48 and 56x56"
    ]


@pytest.mark.usefixtures("machine")
def test_recipes_show_writes_out_layers_for_a_size(command):
    shown = command("recipes", "show", "dcgan", "--size", "64x64", "--channels", "3").out
    Path("mine.toml").write_text(shown, "utf-8")
    config = configured("mine.toml")
    assert (config.generator.layers, config.discriminator.layers) == networks("dcgan", (64, 64, 3))
    assert command("recipes", "show", "dcgan", "--size", "50").code == ExitCode.USAGE


@pytest.mark.usefixtures("machine")
def test_train_takes_a_family_from_python_too():
    write_pictures("faces", *[(16, 16, 3)] * 6)
    run = gankit.train(
        dataset="./faces", width=2, backend="numpy", steps=1, batch=4, progress=False
    )
    assert run.config.recipe == "pictures"
    assert run.sample(2).shape == (2, 16, 16, 3)


def test_fit_takes_the_name_of_a_family():
    images = np.random.default_rng(0).integers(0, 256, (8, 6, 6, 1), np.uint8)
    run = gankit.fit(
        images, "dense", "dense", steps=1, latent=4, batch=4, backend="numpy", progress=False
    )
    assert (run.problem.generator, run.problem.discriminator) == networks("dense", (6, 6, 1))
    with pytest.raises(gankit.GankitError, match="the nearest are 16x16 and 20x20"):
        gankit.fit(images, "dcgan", "dcgan", steps=1, latent=4)
