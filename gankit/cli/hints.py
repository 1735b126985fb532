"""Hints for arguments that are valid in Python but not on the command line."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import click


class HintingCommand(click.Command):
    """A command whose errors suggest the right option.

    `gankit.train("simple", n_critic=5)` in Python is `--set n_critic=5` here.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; raise UsageError with a hint for an unknown argument or option."""
        ctx.allow_extra_args = True
        try:
            remaining = super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _option_error(error) from None
        if ctx.args and not ctx.resilient_parsing:
            raise click.UsageError(argument_message(ctx.args[0], self), ctx)
        return remaining


def _option_error(error: click.NoSuchOption) -> click.UsageError:
    """Return the error about an option, with a hint if it is the name of a setting."""
    from gankit.config import TrainConfig
    from gankit.recipes.families.settings import COMMON

    name = error.option_name.lstrip("-").replace("-", "_")
    if name not in {*COMMON, *(field.name for field in dataclasses.fields(TrainConfig))}:
        return error
    message = f"unknown option {error.option_name!r}; use --set {name}=VALUE"
    return click.UsageError(message, error.ctx)


def argument_message(argument: str, command: click.Command) -> str:
    """Return the message about an unexpected argument."""
    from gankit import plugins

    known: dict[str, Collection[str]] = {
        "--recipe": plugins.recipes(),
        "--dataset": plugins.datasets(),
        "--backend": plugins.backends(),
    }
    options = {option for parameter in command.params for option in parameter.opts}
    near = [option for option, names in known.items() if argument in names and option in options]
    hint = f"; did you mean {near[0]} {argument}?" if near else ""
    return f"unexpected argument {argument!r}{hint}"
