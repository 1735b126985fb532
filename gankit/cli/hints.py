"""Words that are right in Python and wrong in the command: what to write instead."""

from __future__ import annotations

import dataclasses

import click


class Hinting(click.Command):
    """A command without arguments, whose errors say which option was likely meant.

    In Python it is `gankit.train("simple", latent=64)`; here it is `--recipe simple` and
    `--set latent=64`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; UsageError with a hint where a word or an option is none of this command's."""
        ctx.allow_extra_args = True
        try:
            left = super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _of_option(error) from None
        if ctx.args and not ctx.resilient_parsing:
            raise click.UsageError(_of_word(ctx.args[0], self), ctx)
        return left


def _of_option(error: click.NoSuchOption) -> click.UsageError:
    """Return the error about an option; with a hint if a setting has its name."""
    from gankit.config import TrainConfig

    name = error.option_name.lstrip("-").replace("-", "_")
    if name not in {field.name for field in dataclasses.fields(TrainConfig)}:
        return error
    message = f"no option {error.option_name!r}; give the setting by --set {name}=VALUE"
    return click.UsageError(message, error.ctx)


def _of_word(word: str, command: click.Command) -> str:
    """Return the message about a word that no option takes."""
    from gankit import plugins
    from gankit.recipes import recipes

    known = {
        "--recipe": [recipe.name for recipe in recipes()],
        "--dataset": plugins.datasets(),
        "--backend": plugins.backends(),
    }
    options = {option for parameter in command.params for option in parameter.opts}
    meant = [name for name, words in known.items() if word in words and name in options]
    hint = f"; did you mean {meant[0]} {word}?" if meant else ""
    return f"unexpected argument {word!r}{hint}"
