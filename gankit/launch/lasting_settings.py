"""The settings that a resumed run must keep, and the differences between two runs' settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gankit.config import TrainConfig, from_settings
from gankit.errors import CheckpointError, ConfigError

CHANGEABLE = {
    "backend", "device", "epochs", "steps", "sample_every", "checkpoint_every", "keep_checkpoints",
    "evaluate_every", "evaluate_samples",
}  # fmt: skip
"""Settings that may differ when a run is resumed: they change no number."""

DATA_SETTINGS = {"dataset", "images"}
"""Settings of where the images come from; their digest decides whether they are the same."""

MOST_DIFFERENCES = 3
"""Differences in a message, at most."""
VALUE_LENGTH = 40
"""Characters of a value in a message, at most."""
_MISSING = object()


def lasting(config: TrainConfig) -> dict[str, Any]:
    """Return the settings that a resumed run must keep, nested as in TOML; a manifest has them."""
    return {key: value for key, value in config.settings().items() if key not in CHANGEABLE}


def recorded_as(settings: object, like: TrainConfig, source: str) -> dict[str, Any]:
    """Return settings recorded in a manifest, as `lasting` returns them now.

    Parameters
    ----------
    settings
        What `lasting` returned when they were recorded.
    like
        Any configuration; its changeable settings complete the recorded ones.
    source
        A name for error messages.

    Raises
    ------
    CheckpointError
        They are not the settings of a run.
    """
    if not isinstance(settings, Mapping):
        raise CheckpointError(f"{source} has no settings; train again")
    changeable = {key: value for key, value in like.settings().items() if key in CHANGEABLE}
    try:
        return lasting(from_settings(changeable | dict(settings), source))
    except ConfigError as error:
        raise CheckpointError(str(error)) from None


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
