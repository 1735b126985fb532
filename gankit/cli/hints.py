"""Hints for arguments that are valid in Python but not on the command line."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Collection

import click

from gankit._utils.paths import is_folder
from gankit.errors import SYNONYMS, folded

GIVEN = "gankit.arguments"
"""The key of a command's arguments, as they were given, in its context."""
OPTIONS = {
    "learning_rate": "--lr",
    "gpu": "--device",
    "cuda": "--device",
    **dict.fromkeys(("from", "init", "pretrained", "finetune", "warm_start"), "--init-from"),
}
"""Options whose names differ from the setting, or from what other programs call it."""


class HintingCommand(click.Command):
    """A command whose errors suggest the right option.

    `gankit.train("simple", n_critic=5)` in Python is `--set n_critic=5` here.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; raise UsageError with a hint for an unknown argument or option."""
        ctx.allow_extra_args = True
        ctx.meta[GIVEN] = tuple(args)
        try:
            remaining = super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _option_error(error) from None
        if ctx.args and not ctx.resilient_parsing:
            raise click.UsageError(argument_message(ctx.args[0], self), ctx)
        return remaining


def _option_error(error: click.NoSuchOption) -> click.UsageError:
    """Return the error about an option, with a hint if it names a setting or a known synonym."""
    from gankit.config import TrainConfig
    from gankit.recipes.families.settings import COMMON

    name = error.option_name.lstrip("-").replace("-", "_")
    setting = SYNONYMS.get(folded(name), name)
    option = OPTIONS.get(setting, f"--{setting.replace('_', '-')}")
    command = error.ctx.command if error.ctx else None
    if command and any(option in parameter.opts for parameter in command.params):
        message = f"unknown option {error.option_name!r}; did you mean {option}?"
        return click.UsageError(message, error.ctx)
    if name not in {*COMMON, *(field.name for field in dataclasses.fields(TrainConfig))}:
        return error
    message = f"unknown option {error.option_name!r}; use --set {name}=VALUE"
    return click.UsageError(message, error.ctx)


def argument_message(argument: str, command: click.Command) -> str:
    """Return the message about an unexpected argument."""
    options = {option for parameter in command.params for option in parameter.opts}
    near = [
        f"{option} {shlex.quote(value)}" for option, value in meant(argument) if option in options
    ]
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"unexpected argument {argument!r}{hint}"


def meant(argument: str) -> list[tuple[str, str]]:
    """Return the options with values that an argument without an option may stand for.

    An argument is the name of a recipe, a data set or a backend, or the path of images.

    >>> meant("pytorch")
    [('--backend', 'torch')]
    """
    from gankit import plugins
    from gankit.data import is_path

    known: dict[str, Collection[str]] = {
        "--recipe": plugins.recipes(),
        "--dataset": plugins.datasets(),
        "--backend": plugins.backends(),
    }
    found = [(option, argument) for option, names in known.items() if argument in names]
    if found or argument.endswith(".toml"):
        return found
    if is_path(argument):
        return [("--dataset", argument)]
    if is_folder(argument):
        return [("--dataset", f"./{argument}")]
    backend = SYNONYMS.get(folded(argument), "")
    return [("--backend", backend)] if backend in known["--backend"] else []
