"""`gankit recipes list|show`."""

from __future__ import annotations

import click

from gankit import plugins
from gankit.errors import ConfigError


@click.group("recipes")
def command() -> None:
    """List and print recipes: named configurations in TOML."""


@command.command("list")
def list_recipes() -> None:
    """List the recipes, also those of plugins."""
    for recipe in plugins.recipes().values():
        click.echo(f"{recipe.name:<14} {recipe.summary}")


@command.command("show")
@click.argument("name")
@click.option("--size", metavar="N|HxW", help="Write out the layers for images of this size.")
@click.option(
    "--channels", type=click.Choice([1, 3]), help="The same, for 1 grey or 3 colour channels."
)
def show(name: str, size: str | None, channels: int | None) -> None:
    """Print a recipe's TOML.

    To change it, save it and train with --recipe FILE.toml. A recipe with a family takes the size
    and channels of the images; --size 28 writes out its layers for 28x28.
    """
    recipe = plugins.get_recipe(name)
    if size is None and channels is None:
        click.echo(recipe.text, nl=False)
        return
    from gankit.data import ImageOptions, parse_size
    from gankit.recipes.families.settings import DEFAULT_SHAPE, families
    from gankit.recipes.written_out import written_out

    if not families(recipe.values):
        raise ConfigError(
            f"recipe {recipe.name!r} has its own layers, for one size; leave out --size and "
            "--channels, and change the layers"
        )
    given = ImageOptions(parse_size(size) if size else DEFAULT_SHAPE[:2])
    shape = (*(given.size or ()), channels or DEFAULT_SHAPE[2])
    click.echo(written_out(recipe, shape), nl=False)
