"""Check counts of steps, images and units."""

from __future__ import annotations

from gankit._utils.plain_numbers import number
from gankit.errors import ConfigError, shown

MOST_COUNT = 10**9
"""The largest valid count of steps, images or units."""


def check_count(name: str, value: object) -> None:
    """Raise ConfigError unless `value` is a whole number from 1 to `MOST_COUNT`.

    `name` is its name in the message.
    """
    value = number(value)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not 1 <= value <= MOST_COUNT:  # type: ignore[operator]
        raise ConfigError(
            f"{name}: got {shown(value)}; expected a whole number from 1 to {MOST_COUNT:,}"
        )
