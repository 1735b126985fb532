"""The subcommands of `gankit`, one module each."""
