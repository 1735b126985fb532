"""Every recipe trains on each backend and makes images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gankit
from gankit import plugins
from gankit.config.layering import config_of, from_recipe
from gankit.layers import output_shape
from gankit.recipes import Recipe, recipes
from tests.selection import selected

BACKENDS = [name for name in ("numpy", "torch", "keras") if selected(name)]
RECIPES = [recipe.name for recipe in recipes()]
CHEAP = {"simple", "cgan", "dcgan", "wgan"}
"""What the reference trains in the tests; its convolutions are for reading."""
HEAVY = {"sn-dcgan"}
"""What is made for a GPU: built, and its shapes looked at."""


def config(name):
    return config_of([from_recipe(name)])


def runs_here(name, backend):
    return name not in HEAVY and (backend != "numpy" or name in CHEAP)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Return a file of 40 labelled images of each shape that a recipe makes, by shape."""
    made = {}
    for name in RECIPES:
        shape = config(name).image_shape
        folder = tmp_path_factory.mktemp("pictures")
        random = np.random.default_rng(0)
        images = random.integers(0, 256, (40, *shape), dtype=np.uint8)
        np.savez(folder / "images.npz", images=images, labels=np.arange(40) % 10)
        made[shape] = folder / "images.npz"
    return made


@pytest.mark.parametrize(
    ("name", "backend"),
    [(name, backend) for name in RECIPES for backend in BACKENDS if runs_here(name, backend)],
)
def test_a_recipe_trains(name, backend, pictures):
    dataset = str(pictures[config(name).image_shape])
    run = gankit.train(name, backend=backend, dataset=dataset, batch=4, steps=2)
    assert run.history.shape == (2, 2)
    assert np.isfinite(run.history).all()
    images = run.sample(3)
    assert images.shape == (3, *config(name).image_shape)
    assert np.abs(images).max() <= 1


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_fits_its_images(name):
    settings = config(name)
    problem = replace(settings, classes=10).problem(
        settings.image_shape, plugins.get_loss(settings.loss)
    )
    made, found = (
        output_shape(getattr(problem, network), problem.input_shapes(network))
        for network in ("generator", "discriminator")
    )
    assert made in {(28, 28, 1), (32, 32, 3), (28, 28, 3)}
    heads = sum(settings.discriminator.heads.values())
    row = (1 + (10 if settings.auxiliary else 0) + heads,)
    assert found == (problem.discriminator_output_shape if settings.source else row)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_has_the_capabilities_of_a_recipe(name, backend):
    settings = config(name)
    problem = replace(settings, classes=10).problem(
        settings.image_shape, plugins.get_loss(settings.loss)
    )
    assert problem.needs() <= plugins.get_backend(backend).capabilities


def test_a_recipe_may_be_a_file(tmp_path):
    text = {recipe.name: recipe.text for recipe in recipes()}["cgan"]
    (tmp_path / "mine.toml").write_text(text.replace("embedding = 50", "embedding = 7"), "utf-8")
    settings = config_of([from_recipe(str(tmp_path / "mine.toml"))])
    assert settings.recipe == "mine.toml"
    assert settings.generator.layers[0].units == 7


def test_a_recipe_is_read_from_a_path_or_a_text(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('summary = "mine"\n')
    assert Recipe.read(str(path)) == Recipe.read(path) == Recipe("mine", 'summary = "mine"\n')
