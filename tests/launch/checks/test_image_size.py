"""Networks that make other images than the data's, and pictures that lose something on the way."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image

from gankit import plugins
from gankit.config import layering
from gankit.data import Dataset, ImageSet
from gankit.errors import ConfigError
from gankit.launch.resolved_plan import resolve

RECIPES = ["dcgan", "simple"]


def planned(recipe, **settings):
    start = layering.from_recipe(recipe)
    return resolve(layering.config_of([start, ("test", {"backend": "numpy"} | settings)]))


@pytest.fixture
def faces(tmp_path):
    """Return a folder of colour pictures of 64x64."""
    folder = tmp_path / "faces"
    folder.mkdir()
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return str(folder)


@pytest.mark.parametrize("recipe", RECIPES)
def test_pictures_that_lose_colours_and_pixels_are_warned_of_with_the_way_out(faces, recipe):
    said = (
        "such as 0.png, are 64x64 colour, but the generator of {0} makes 28x28 grey: they "
        "lose colours and most of their pixels; to keep them, save the recipe by `gankit recipes "
        "show {0} > mine.toml`"
    )
    with pytest.warns(UserWarning, match=re.escape(said.format(recipe))):
        planned(recipe, dataset=faces)


@pytest.mark.filterwarnings("error")
def test_what_was_asked_for_is_not_warned_of(faces):
    planned("dcgan", dataset=faces, images={"size": [28, 28], "channels": 1})


def test_pictures_of_about_the_right_size_lose_nothing(tmp_path):
    Image.new("L", (30, 35)).save(tmp_path / "a.png")
    planned("dcgan", dataset=str(tmp_path))


@pytest.mark.parametrize("recipe", ["dcgan", "sn-dcgan", "r3gan"])
def test_a_size_that_the_networks_do_not_make_is_refused_with_the_way_out(faces, recipe):
    with pytest.raises(ConfigError, match=r"64x64 .*; remove --size; or save the recipe by .*show"):
        planned(recipe, dataset=faces, images={"size": [64, 64]})


def test_a_recipe_that_makes_the_datas_shape_is_named(monkeypatch):
    images = np.zeros((4, 32, 32, 3), np.uint8)
    mine = Dataset("mine", "mine", lambda _: ImageSet(images, None, "mine"))
    monkeypatch.setattr(plugins, "get_dataset", lambda _: mine)
    with pytest.raises(ConfigError, match="are 32x32 colour; choose --recipe sn-dcgan; or save"):
        planned("dcgan", dataset="mine")
