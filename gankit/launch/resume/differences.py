"""The differences between the settings of two runs, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

MOST_DIFFERENCES = 3
"""Differences in a message, at most."""
VALUE_LENGTH = 40
"""Characters of a value in a message, at most."""
_MISSING = object()


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the differences between settings: dotted key, old value and new value.

    >>> differences({"seed": 0, "layers": [{"slope": 0.2}]}, {"layers": [{"slope": 2e-4}]})
    ['seed was 0, is now not set', 'layers.0.slope was 0.2, is now 2e-4']
    """
    return list(_differing("", before, now))


def in_words(found: list[str]) -> str:
    """Return the first differences in one line.

    >>> in_words(["seed was 0, is now 1"] * 5)
    'seed was 0, is now 1; seed was 0, is now 1; seed was 0, is now 1; and 2 more'
    """
    more = [f"and {len(found) - MOST_DIFFERENCES} more"] if len(found) > MOST_DIFFERENCES else []
    return "; ".join([*found[:MOST_DIFFERENCES], *more])


def _differing(path: str, before: Any, now: Any) -> Iterator[str]:  # noqa: ANN401 - as in TOML.
    if before == now:
        return
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        keys: Any = [*before, *(key for key in now if key not in before)]
        pairs = [(key, before.get(key, _MISSING), now.get(key, _MISSING)) for key in keys]
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = [(key, *pair) for key, pair in enumerate(zip(before, now, strict=True))]
    else:
        yield f"{path} was {_shown(before)}, is now {_shown(now)}"
        return
    for key, old, new in pairs:
        yield from _differing(f"{path}.{key}" if path else str(key), old, new)


def _shown(value: Any) -> str:  # noqa: ANN401 - as in TOML.
    """Return a value, shortened; numbers in their shorter form."""
    if value is _MISSING:
        return "not set"
    if isinstance(value, float):
        scientific = np.format_float_scientific(value, trim="-", exp_digits=1)
        return min(repr(value), scientific, key=len)
    if isinstance(value, list):
        return f"a list of {len(value)}" if len(repr(value)) > VALUE_LENGTH else repr(value)
    if isinstance(value, Mapping):
        text = ", ".join(f"{key} = {_shown(inner)}" for key, inner in value.items())
        return f"{{{text}}}" if len(text) <= VALUE_LENGTH else f"{{{text[:VALUE_LENGTH]}...}}"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= VALUE_LENGTH else f"{text[:VALUE_LENGTH]}..."
