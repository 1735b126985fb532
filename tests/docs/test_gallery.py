"""The gallery shows every recipe, with valid commands and existing pictures."""

from __future__ import annotations

import re
import runpy

import pytest
from PIL import Image

from gankit.recipes import recipes
from tests.paths import DOCS

WRITER = runpy.run_path(str(DOCS / "gallery.py"))
PAGE = (DOCS / "gallery.md").read_text("utf-8")
PICTURES = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGE)


def test_the_page_is_what_its_program_writes():
    assert WRITER["page"]() == PAGE, "run: python docs/gallery.py"


@pytest.mark.parametrize("name", [recipe.name for recipe in recipes()])
def test_every_recipe_is_named(name):
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("path", PICTURES)
def test_every_picture_exists_and_is_complete(path):
    with Image.open(DOCS / path) as picture:
        assert getattr(picture, "n_frames", 1) > 1 or path.endswith(".png")
        picture.load()


def test_every_picture_of_the_folders_is_shown():
    found = {
        p.relative_to(DOCS).as_posix()
        for name in ("gallery", "recipes")
        for p in (DOCS / "images" / name).iterdir()
    }
    assert found == set(PICTURES)


def test_a_picture_that_names_its_size_in_its_command_has_it():
    walk = next(shown for shown in WRITER["SHOWN"] if shown.path.endswith("walk.webp"))
    seeds, steps = re.search(r"--interpolate (\S+) --steps (\d+)", walk.sample).groups()
    with Image.open(DOCS / "images" / walk.path) as picture:
        assert picture.n_frames == seeds.count(",") * (int(steps) - 1) + 1
