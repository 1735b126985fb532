"""Networks that make images of another shape than the data's, and pictures that lose detail."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image

from gankit import plugins
from gankit.config import layering
from gankit.data import Dataset, ImageSet
from gankit.errors import ConfigError, DataError
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
def test_losing_colours_and_pixels_causes_a_warning_with_the_remedy(faces, recipe):
    said = (
        "such as 0.png, are 64x64 colour, but the generator of {0} makes 28x28 grey: they "
        "lose colours and most of their pixels; to keep them, choose a recipe that takes their "
        "size, such as --recipe pictures; or save {0} by `gankit recipes show`"
    )
    with pytest.warns(UserWarning, match=re.escape(said.format(recipe))):
        planned(recipe, dataset=faces)


@pytest.mark.filterwarnings("error")
def test_a_requested_size_causes_no_warning(faces):
    planned("dcgan", dataset=faces, images={"size": [28, 28], "channels": 1})


def test_pictures_of_nearly_the_right_size_cause_no_warning(tmp_path):
    Image.new("L", (30, 35)).save(tmp_path / "a.png")
    planned("dcgan", dataset=str(tmp_path))


@pytest.mark.parametrize("recipe", ["dcgan", "sn-dcgan", "r3gan"])
def test_a_size_that_the_networks_do_not_make_is_refused_with_the_remedy(faces, recipe):
    said = r"64x64 .*; remove --size; or choose .* such as --recipe pictures; or save .*show"
    with pytest.raises(ConfigError, match=said):
        planned(recipe, dataset=faces, images={"size": [64, 64]})


def test_of_a_resumed_run_no_other_recipe_is_named(faces, tmp_path):
    (tmp_path / "run").mkdir()
    text = planned("dcgan", dataset="glyphs").config.to_toml()
    (tmp_path / "run" / "config.toml").write_text(text, "utf-8")
    resumed = layering.from_file(tmp_path / "run" / "config.toml")
    np.save(tmp_path / "large.npy", np.zeros((6, 64, 64, 3), np.uint8))
    for settings, remedy in (
        ({"dataset": faces, "images": {"size": [64, 64]}}, "remove --size"),
        ({"dataset": faces, "images": {"channels": 3}}, "remove --channels"),
        ({"dataset": str(tmp_path / "large.npy")}, "give the run's own images with --dataset, or"),
    ):
        config = layering.config_of([resumed, ("test", settings)])
        with pytest.raises(ConfigError, match=f"are [0-9x]* [a-z]*; {remedy}") as refused:
            resolve(config, resumed=tmp_path / "run")
        assert "recipe" not in str(refused.value)


def test_no_recipe_is_named_that_is_the_runs_own(tmp_path):
    np.save(tmp_path / "wide.npy", np.zeros((6, 33, 32, 1), np.uint8))
    with pytest.raises(ConfigError, match="are 33x32 grey; save simple by"):
        planned("simple", dataset=str(tmp_path / "wide.npy"))


@pytest.mark.parametrize("labels", [[0] * 5, [0.5, np.nan] * 3, [-3, 0] * 3])
def test_a_fault_of_labels_is_named_before_another_size(tmp_path, labels):
    np.savez(tmp_path / "a.npz", images=np.zeros((6, 8, 8, 1), np.uint8), labels=labels)
    with pytest.raises(DataError, match="label"):
        planned("dcgan", dataset=str(tmp_path / "a.npz"))


def test_the_error_names_a_recipe_that_takes_the_datas_shape(monkeypatch):
    images = np.zeros((4, 33, 32, 3), np.uint8)
    mine = Dataset("mine", "mine", lambda _: ImageSet(images, None, "mine"))
    monkeypatch.setattr(plugins, "get_dataset", lambda _: mine)
    with pytest.raises(ConfigError, match=r"are 33x32 colour; choose .* --recipe simple; or save"):
        planned("dcgan", dataset="mine")
