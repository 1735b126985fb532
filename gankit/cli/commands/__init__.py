"""The subcommands of `gankit`, a module each."""
