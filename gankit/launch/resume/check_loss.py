"""Verify that a resumed run has the loss that it was trained with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gankit import plugins
from gankit.config import TrainConfig
from gankit.errors import ConfigError
from gankit.launch.resume.recorded_config import recorded
from gankit.losses import ALLOWED
from gankit.runs import RunFolder


def check_loss(folder: RunFolder, name: str, digest: str | None, info: Mapping[str, Any]) -> None:
    """Raise ConfigError if a run is resumed with another loss of the same name.

    Parameters
    ----------
    digest
        Digest of the loss to resume with, from `gankit.launch.resume.loss_digest`.
    info
        The checkpoint's manifest.

    Raises
    ------
    ConfigError
        The run recorded another digest.
    """
    if digest != info.get("loss_digest"):
        raise ConfigError(
            f"{folder.path}: loss {name!r} returns other values or gradients than the run's loss; "
            "give the same Loss, or choose another --out"
        )


def check_digest(name: str, digest: str | None) -> None:
    """Raise ConfigError for a loss without a digest, which a run in a folder records."""
    if digest is None:
        raise ConfigError(
            f"loss {name!r}: a run in a folder records a digest of its loss, which needs a "
            f"formula in {ALLOWED}; train without out="
        )


def check_loss_known(run: Path, config: TrainConfig) -> None:
    """Raise ConfigError if a resumed run's loss was given as an object and is not registered.

    Parameters
    ----------
    run
        The folder; it may have no run.
    config
        The configuration to resume with.

    Raises
    ------
    ConfigError
        The run's loss is unknown; the message explains how to give it.
    """
    if config.loss in plugins.losses() or not RunFolder(run).exists():
        return
    if config.loss == recorded(run).loss:
        raise ConfigError(
            f"{run}: loss {config.loss!r} of this run is not registered; resume in Python with "
            f"the Loss: gankit.train(out={str(run)!r}, resume=True, loss=...)"
        )
