"""What a backend checks of a user's own networks, in the words of every backend."""

from __future__ import annotations

from collections.abc import Mapping

from gankit.errors import ConfigError

ROWS = 2
"""Number of inputs that a user's network is tried on."""


def check_rows(name: str, shape: tuple[int, ...]) -> None:
    """Raise ConfigError unless the output for `ROWS` inputs has a row for each.

    Parameters
    ----------
    name
        The network's name, for the message.
    shape
        The shape of its output.
    """
    if shape[:1] != (ROWS,):
        raise ConfigError(
            f"{name} output: got the shape {shape} for {ROWS} inputs; expected a row for each; "
            "leave the first axis, the batch, as it is"
        )


def check_apart(generator: Mapping[str, object], discriminator: Mapping[str, object]) -> None:
    """Raise ConfigError if two networks train one and the same weight.

    Parameters
    ----------
    generator, discriminator
        The weights that each trains, by name: the framework's own objects.
    """
    held = {id(weight) for weight in discriminator.values()}
    if shared := [name for name, weight in generator.items() if id(weight) in held]:
        raise ConfigError(
            f"generator and discriminator: got a weight that both train, {shared[0]!r} of the "
            "generator; expected no shared layers, because an update changes one network; give "
            "each network its own"
        )
