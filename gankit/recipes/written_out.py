"""A recipe as TOML with every layer of networks for one shape of images."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from gankit._utils.inline_toml import inline
from gankit.layers import Shape
from gankit.recipes import Recipe
from gankit.recipes.families.settings import with_layers


def written_out(recipe: Recipe, shape: Shape) -> str:
    """Return a recipe's TOML, with its first comment, in which layers take the place of families.

    Parameters
    ----------
    recipe
        The recipe; one without a family keeps its layers.
    shape
        `(height, width, channels)` of the images.

    Raises
    ------
    ConfigError
        The family makes no such images.
    """
    comment = itertools.takewhile(lambda line: line.startswith("#"), recipe.text.splitlines())
    settings = with_layers(recipe.values, shape)
    del settings["recipe"]
    tables = {key: settings.pop(key) for key in list(settings) if isinstance(settings[key], dict)}
    lines = [*comment, *_lines(settings)]
    for key, table in tables.items():
        lines += ["", f"[{key}]", *_lines(table)]
    return "\n".join(lines) + "\n"


def _lines(table: dict[str, Any]) -> Iterator[str]:
    """Yield the values of a table; a list of tables has a line for each."""
    for key, value in table.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{key} = ["
            yield from (f"    {inline(item)}," for item in value)
            yield "]"
        else:
            yield f"{key} = {inline(value)}"
