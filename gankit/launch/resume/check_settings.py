"""Compare the settings of a resumed run with those in its checkpoint."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from gankit.config import TrainConfig
from gankit.data import ImageSet, is_path
from gankit.errors import ConfigError
from gankit.launch.resume.differences import differences, in_words
from gankit.launch.resume.lasting_settings import DATA_SETTINGS, lasting, recorded_as
from gankit.launch.resume.run_images import digests_of, same_images
from gankit.runs import Checkpoint, RunFolder


def check_same(config: TrainConfig, data: ImageSet, checkpoint: Checkpoint, run: Path) -> None:
    """Raise ConfigError if the resumed run would have other numbers than before.

    The checkpoint's manifest decides.

    Parameters
    ----------
    config
        The configuration to resume with.
    data
        The images to resume with.
    checkpoint
        The checkpoint to resume from.
    run
        The run's folder.

    Raises
    ------
    ConfigError
        A setting that must stay, or the images, have changed; the message names the change.
    """
    if not same_images(digests_of(checkpoint.info), data):
        what = "images or sources" if config.source else "images"
        raise ConfigError(
            f"{run} was trained on other {what} than {data.source}; give the same ones, in the "
            f"same order, or {_anew(run)}"
        )
    if found := differing(config, run, checkpoint.info, but=_of_data(config)):
        raise ConfigError(
            f"{run} was trained with other settings: {in_words(found)}; "
            f"use the old values, or {_anew(run)}"
        )


def _of_data(config: TrainConfig) -> set[str]:
    """Return the settings that choose images; the digest has sources that are at a path."""
    at_path = config.source_images is not None and is_path(config.source_images)
    return DATA_SETTINGS | ({"source_images"} if at_path else set())


def _anew(run: Path) -> str:
    """Return how to continue with other settings: in a new run."""
    return (
        f"begin a new run with its weights: --init-from {run} (in Python init_from=) and another "
        "--out"
    )


def check_unchanged(config: TrainConfig, checkpoint: Checkpoint, run: Path) -> None:
    """Raise ConfigError if `config.toml` was edited or damaged, and would build other networks.

    The path of the images is ignored, because they may have moved.

    Raises
    ------
    ConfigError
        A setting differs from the checkpoint's; the message names it.
    """
    if found := differing(config, run, checkpoint.info, but=_of_data(config)):
        raise ConfigError(
            f"{run} was trained with other settings than {RunFolder(run).config} has now: "
            f"{in_words(found)}; restore the old values"
        )


def differing(
    config: TrainConfig, run: Path, info: Mapping[str, Any], but: Collection[str] = ()
) -> list[str]:
    """Return the settings that must stay and differ from a checkpoint's, as texts.

    Parameters
    ----------
    info
        The checkpoint's manifest.
    but
        Settings to ignore.

    Raises
    ------
    CheckpointError
        The manifest has no settings of a run.
    """
    before, now = recorded_as(info.get("settings"), config, f"a manifest in {run}"), lasting(config)
    for key in but:
        before.pop(key, None)
        now.pop(key, None)
    return differences(before, now)
