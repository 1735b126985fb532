"""`gankit recipes list|show`."""

from __future__ import annotations

import click

from gankit import plugins


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
def show(name: str) -> None:
    """Print a recipe's TOML.

    To change it, save it and train with --recipe FILE.toml.
    """
    click.echo(plugins.get_recipe(name).text, nl=False)
