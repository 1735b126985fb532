"""Frozen layers, as text: "discriminator:0-3" are the first four layers of the discriminator."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gankit.errors import ConfigError, shown

_PART = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):([0-9]{1,4})(?:-([0-9]{1,4}))?")


def frozen_layers(parts: Iterable[str]) -> dict[str, frozenset[int]]:
    """Return the positions of the frozen layers of each network that has some.

    Parameters
    ----------
    parts
        Texts of the form NETWORK:POSITION or NETWORK:FIRST-LAST, positions from 0, both ends
        included. A residual block has one position.

    Raises
    ------
    ConfigError
        A text has another form.

    >>> frozen_layers(["discriminator:0-2", "discriminator:4"])
    {'discriminator': frozenset({0, 1, 2, 4})}
    """
    found: dict[str, frozenset[int]] = {}
    for part in parts:
        network, positions = layers_of(part)
        found[network] = found.get(network, frozenset()) | frozenset(positions)
    return found


def layers_of(part: str) -> tuple[str, range]:
    """Return the network and the positions that one text names; ConfigError for another form."""
    match = _PART.fullmatch(part)
    first, last = (int(match[2]), int(match[3] or match[2])) if match else (0, -1)
    if match is None or last < first:
        raise ConfigError(
            f"freeze: got {shown(part)}; expected a network and its layers, such as "
            "'discriminator:0-3'"
        )
    return match[1], range(first, last + 1)
