"""A code of the noise, as the option --code gives it."""

from __future__ import annotations

import math
from typing import NamedTuple

from gankit.errors import ConfigError


class CodeChoice(NamedTuple):
    """A code's value, or the values from which and to which it varies.

    Attributes
    ----------
    name
        Its name.
    first, last
        Finite numbers; `last` is None if the code has one value.
    """

    name: str
    first: float
    last: float | None


def code_choice(text: str, option: str = "--code") -> CodeChoice:
    """Return what `NAME=VALUE` or `NAME=A..B` says; ConfigError for another form.

    >>> code_choice("slant=-2..2")
    CodeChoice(name='slant', first=-2.0, last=2.0)
    """
    name, equals, value = text.partition("=")
    first, dots, last = value.partition("..")
    try:
        numbers = [float(first), *([float(last)] if dots else [])]
    except ValueError:
        numbers = [math.nan]
    if not name.strip() or not equals or not all(map(math.isfinite, numbers)):
        example = f"{name.strip() or 'NAME'}=-2..2"
        raise ConfigError(
            f"{option}: got {text!r}; expected NAME=VALUE or NAME=A..B, such as {example}"
        )
    return CodeChoice(name.strip(), numbers[0], numbers[1] if dots else None)
