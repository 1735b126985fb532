"""Resume a run: find the checkpoint, and verify that settings, images and loss are the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gankit import plugins
from gankit._utils.storage import read_plain
from gankit.config import MOST_CONFIG_BYTES, TrainConfig, from_settings
from gankit.config.layering import Source, from_recipe
from gankit.config.train_config import parse_toml
from gankit.data import ImageSet, is_path
from gankit.data.digests import sample
from gankit.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    OtherFormat,
    folded,
    written_earlier,
)
from gankit.launch.lasting_settings import (
    DATA_SETTINGS,
    differences,
    in_words,
    lasting,
    recorded_as,
)
from gankit.launch.messages import Tell, warn
from gankit.launch.training_data import TrainingData, training_data
from gankit.runs import Checkpoint, RunFolder, evaluation_log
from gankit.runs.checkpoints import read_manifest

DIGESTS = ("data_digest", "data_sample")
"""Names of the images' digests in a manifest and in `environment.json`."""


def recorded(path: Path) -> TrainConfig:
    """Return the configuration of the run in a folder; raise CheckpointError if there is none."""
    folder = RunFolder.open(path)
    source = str(folder.config)
    try:
        settings = parse_toml(read_plain(folder.config, MOST_CONFIG_BYTES).decode(), source)
        if "rounds_per_epoch" in settings:
            raise written_earlier(source)
        return from_settings(settings, source)
    except UnicodeDecodeError as error:
        raise CheckpointError(f"cannot read {source}: {error}") from None
    except ConfigError as error:
        raise CheckpointError(str(error)) from None


def base(recipe: str | None, run: Path | None, default: str = "simple") -> Source:
    """Return the base settings of a run: those of the resumed run, or a recipe's.

    Raises
    ------
    ConfigError
        The run in the folder has another recipe than the requested one.
    """
    if run is None or not RunFolder(run).exists():
        return from_recipe(default if recipe is None else recipe)
    settings = recorded(run).settings()
    if recipe is not None and folded(Path(recipe).name) != folded(settings["recipe"]):
        raise ConfigError(
            f"{run} was trained with recipe {settings['recipe']!r}, not {recipe!r}; "
            "choose another --out"
        )
    return str(run), settings


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
        raise ConfigError(
            f"{run} was trained on other images than {config.dataset} has now; "
            "restore the old ones, or choose another --out"
        )
    if found := differing(config, run, checkpoint.info, but=DATA_SETTINGS):
        raise ConfigError(
            f"{run} was trained with other settings: {in_words(found)}; "
            "use the old values, or choose another --out"
        )


def check_unchanged(config: TrainConfig, checkpoint: Checkpoint, run: Path) -> None:
    """Raise ConfigError if `config.toml` was edited or damaged, and would build other networks.

    The path of the images is ignored, because they may have moved.

    Raises
    ------
    ConfigError
        A setting differs from the checkpoint's; the message names it.
    """
    if found := differing(config, run, checkpoint.info, but=DATA_SETTINGS):
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


def digests_of(info: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of the images that a run was trained on, from a manifest."""
    return {key: info[key] for key in DIGESTS if isinstance(info.get(key), str)}


def known_images(folder: RunFolder) -> dict[str, str]:
    """Return the digests of a run's images from its newest readable manifest, or none."""
    return digests_of(newest_info(folder))


def newest_info(folder: RunFolder) -> Mapping[str, Any]:
    """Return the info of the newest readable manifest, without reading arrays."""
    store, before = folder.checkpoints, list[int]()
    while (steps := store.steps()) != before:  # Another process may have removed listed ones.
        for step in reversed(steps):
            try:
                return read_manifest(store.path(step)).info
            except OtherFormat:
                raise
            except CheckpointError:
                continue
        before = steps
    return {}


def same_images(known: Mapping[str, str], data: ImageSet) -> bool | None:
    """Return whether images have the known digests; None if no digest is known.

    The sample is compared first: if it differs, the rest is not read.
    """
    if len(known) < len(DIGESTS):
        return None
    if known["data_sample"] != sample(data.images, data.labels):
        return False
    return known["data_digest"] == data.digest


def check_loss(folder: RunFolder, name: str, digest: str | None, info: Mapping[str, Any]) -> None:
    """Raise ConfigError if a run is resumed with another loss of the same name.

    Parameters
    ----------
    digest
        Digest of the loss to resume with, from `gankit.launch.loss_digest`.
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


@contextmanager
def hint_at_moved_images(place: str | None) -> Iterator[None]:
    """Add a hint about moved images to a DataError of the block.

    Parameters
    ----------
    place
        The run's recorded data set; None if the block reads other images.
    """
    try:
        yield
    except DataError as error:
        if place is None or not is_path(place):
            raise
        raise DataError(
            f"{error}; if the images were moved, give their new path with --dataset"
        ) from None


def images_of(
    config: TrainConfig,
    known: Mapping[str, str],
    dataset: str | None = None,
    data_dir: Path | None = None,
    tell: Tell = lambda _: None,
) -> TrainingData:
    """Load the images that a run was trained on, and verify them by their digests.

    Parameters
    ----------
    config
        The run's configuration.
    known
        The images' digests, from `known_images`.
    dataset
        Name or path of the images, if they were moved.
    data_dir, tell
        As in `training_data`.

    Raises
    ------
    UnknownName, DataError, ConfigError
        The images cannot be loaded, or are not those that the run was trained on.
    """
    if dataset is not None:
        config = dataclasses.replace(config, dataset=dataset)
    with hint_at_moved_images(None if dataset is not None else config.dataset):
        found = training_data(config, data_dir, tell)
    if same_images(known, found.images) is False:
        raise DataError(
            f"the run was trained on other images than {config.dataset} has here "
            f"({found.images.source}); give the path of its own images with --dataset"
        )
    return found


def newest(folder: RunFolder) -> Checkpoint | None:
    """Return the run's newest valid checkpoint, or None if it never had one.

    Raises
    ------
    CheckpointError
        There are checkpoints, but none is valid and of this run, or a newer gankit wrote one.
    """
    refused: list[str] = []
    checkpoint = folder.checkpoints.newest_valid(refused.append)
    if refused and checkpoint is None:
        if folder.checkpoints.steps():
            raise CheckpointError(
                f"no checkpoint in {folder.path} is valid; start in another folder ({refused[-1]})"
            )
        raise CheckpointError(
            f"no checkpoint in {folder.path} has the mark in {folder.environment.name}; if that "
            "file was changed, delete it, since the checkpoints have the mark too; else choose "
            "another --out"
        )
    for line in refused:
        passed_over(line)
    return checkpoint


def passed_over(line: str) -> None:
    """Warn of a skipped checkpoint; `line` has its path and the reason."""
    warn(f"skipped: {line}")


def best(
    folder: RunFolder, complain: Callable[[str], None] = lambda _: None
) -> evaluation_log.Row | None:
    """Return the best evaluation of a step that has a checkpoint, or None.

    Parameters
    ----------
    complain
        Called with one line for each checkpoint of another run.

    Raises
    ------
    CheckpointError
        The log of evaluations or the configuration is damaged.
    """
    rows = evaluation_log.read(folder.evaluations)
    if not rows:
        return None
    samples = recorded(folder.path).evaluate_samples
    return evaluation_log.best(rows, folder.checkpoints.steps(complain), samples)


def last_good(folder: RunFolder | None) -> str:
    """Return a text about the checkpoint from which a diverged run can be resumed."""
    if folder is None:
        return "nothing was saved, because the run has no folder"
    last = folder.checkpoints.newest_valid()
    return f"the last good checkpoint is {last.path}" if last else "there is no checkpoint yet"
