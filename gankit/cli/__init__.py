"""The command `gankit`; the module of a subcommand is imported only if it is called."""

from gankit.cli.main import main

__all__ = ["main"]
