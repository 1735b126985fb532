"""`gankit recipes list|show`."""

from __future__ import annotations

import click

from gankit import recipes


@click.group("recipes")
def command() -> None:
    """Named configurations, as TOML."""


@command.command("list")
def list_recipes() -> None:
    """List the recipes."""
    for recipe in recipes.recipes():
        click.echo(f"{recipe.name:<14} {recipe.summary}")


@command.command("show")
@click.argument("name")
def show(name: str) -> None:
    """Print a recipe's TOML; save it, change it, and train with --recipe FILE.toml."""
    click.echo(recipes.recipe(name).text, nl=False)
