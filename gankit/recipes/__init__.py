"""Recipes: named configurations, each a TOML file in this folder.

>>> recipe("simple").summary
'dense networks on 28x28 digits, the first script of gankit'
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from gankit.errors import UnknownName, known_name
from gankit.recipes.families.settings import with_layers


@dataclass(frozen=True)
class Recipe:
    """A named configuration.

    Attributes
    ----------
    name
        Its name for `--recipe`.
    text
        The TOML file, with its comments.
    """

    name: str
    text: str

    @classmethod
    def read(cls, path: str | Path | Traversable) -> Recipe:
        """Return the recipe in a TOML file, named after the file: `mine.toml` is "mine"."""
        path = Path(path) if isinstance(path, str) else path
        return cls(path.name.removesuffix(".toml"), path.read_text("utf-8"))

    @property
    def summary(self) -> str:
        """Its description, in one line; empty if it has none."""
        return str(tomllib.loads(self.text).get("summary", ""))

    @property
    def values(self) -> dict[str, Any]:
        """Its values, nested as in the file, and its name; families are not yet layers."""
        return tomllib.loads(self.text) | {"recipe": self.name}

    @property
    def settings(self) -> dict[str, Any]:
        """Its values for a `TrainConfig`, a family's networks for images of 28x28, grey."""
        return with_layers(self.values)


def recipes() -> list[Recipe]:
    """Return every recipe of gankit, by name."""
    found = (path for path in files(__name__).iterdir() if path.name.endswith(".toml"))
    return sorted(map(Recipe.read, found), key=lambda recipe: recipe.name)


def recipe(name: str) -> Recipe:
    """Return gankit's recipe called `name`; UnknownName if there is none."""
    known = {recipe.name: recipe for recipe in recipes()}
    found = known_name(name, known)
    if found is None:
        raise UnknownName("recipe", name, known)
    return known[found]
