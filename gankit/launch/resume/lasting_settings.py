"""The settings that a resumed run must keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gankit.config import TrainConfig, from_settings
from gankit.errors import CheckpointError, ConfigError

CHANGEABLE = {
    "backend", "device", "epochs", "steps", "minutes", "sample_every", "checkpoint_every",
    "keep_checkpoints", "evaluate_every", "evaluate_samples", "patience", "plugins",
}  # fmt: skip
"""Settings that may differ when a run is resumed: they change no number."""

DATA_SETTINGS = {"dataset", "images"}
"""Settings that choose the images; the images' digest decides whether they are the same."""


def lasting(config: TrainConfig) -> dict[str, Any]:
    """Return the settings that a resumed run must keep, nested as in TOML, as a manifest has."""
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
