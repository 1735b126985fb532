"""The command `gankit`: each subcommand in a module of its own, imported when it is called."""

from gankit.cli.main import main

__all__ = ["main"]
