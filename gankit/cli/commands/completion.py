"""`gankit completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL; use it by `eval "$(gankit completion bash)"`."""
    from gankit.cli.main import gankit

    completion = get_completion_class(shell)
    if completion is not None:
        click.echo(completion(gankit, {}, "gankit", "_GANKIT_COMPLETE").source())
