"""The command `gankit`; each subcommand is a module that is imported when it is called."""

from gankit.cli.main import main

__all__ = ["main"]
