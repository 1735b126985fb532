"""Taking a run up where it stopped: whether it is the same run, and from which checkpoint."""

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
from gankit.launch.lasting_settings import OF_DATA, differences, in_words, lasting, recorded_as
from gankit.launch.messages import Tell, warn
from gankit.launch.training_data import TrainingData, training_data
from gankit.runs import Checkpoint, RunFolder, evaluation_log
from gankit.runs.checkpoints import read_manifest

DIGESTS = ("data_digest", "data_sample")
"""Under which names a manifest and `environment.json` have the digests of the images."""


def recorded(path: Path) -> TrainConfig:
    """Return the configuration of the run in a folder; CheckpointError if there is none."""
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
    """Return what a run's settings lie over: those of the run that is resumed, or a recipe's.

    Raises
    ------
    ConfigError
        The run in the folder is of another recipe than the one that is asked for.
    """
    if run is None or not RunFolder(run).exists():
        return from_recipe(default if recipe is None else recipe)
    settings = recorded(run).settings()
    if recipe is not None and folded(Path(recipe).name) != folded(settings["recipe"]):
        raise ConfigError(
            f"{run} is a run of {settings['recipe']!r}, not of {recipe!r}; choose another --out"
        )
    return str(run), settings


def check_same(config: TrainConfig, data: ImageSet, checkpoint: Checkpoint, run: Path) -> None:
    """Refuse to go on with a run whose numbers would be others from here on.

    The checkpoint's manifest decides.

    Parameters
    ----------
    config
        What the run would go on with.
    data
        The images.
    checkpoint
        Where it would go on.
    run
        The folder.

    Raises
    ------
    ConfigError
        A setting that must stay, or the images, are others; the message says which.
    """
    if not same_images(digests_of(checkpoint.info), data):
        raise ConfigError(
            f"{run} was trained on other images than {config.dataset} has now; "
            "put the old ones back, or choose another --out"
        )
    if found := differing(config, run, checkpoint.info, but=OF_DATA):
        raise ConfigError(
            f"{run} was trained with other settings: {in_words(found)}; "
            "take the old values, or choose another --out"
        )


def check_unchanged(config: TrainConfig, checkpoint: Checkpoint, run: Path) -> None:
    """Refuse a `config.toml` that was edited or damaged: it would make another generator.

    Where the images come from does not count, for they may have moved.

    Raises
    ------
    ConfigError
        A setting is another than the checkpoint was trained with; the message says which.
    """
    if found := differing(config, run, checkpoint.info, but=OF_DATA):
        raise ConfigError(
            f"{run} was trained with other settings than {RunFolder(run).config} has now: "
            f"{in_words(found)}; put the old values back"
        )


def differing(
    config: TrainConfig, run: Path, info: Mapping[str, Any], but: Collection[str] = ()
) -> list[str]:
    """Return the settings that must stay and differ from those of a checkpoint, each in words.

    Parameters
    ----------
    info
        What the checkpoint's manifest says.
    but
        Settings that do not count.

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
    """Return the digests of the images that a run is trained on, from a checkpoint's manifest."""
    return {key: info[key] for key in DIGESTS if isinstance(info.get(key), str)}


def known_images(folder: RunFolder) -> dict[str, str]:
    """Return `digests_of` the newest manifest that can be read; empty if none can."""
    return digests_of(newest_info(folder))


def newest_info(folder: RunFolder) -> Mapping[str, Any]:
    """Return what the newest manifest that can be read says of the run; no array is read."""
    store, before = folder.checkpoints, list[int]()
    while (steps := store.steps()) != before:  # A writer beside may have removed what was listed.
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
    """Return whether images are those that are known by their digests; None without digests.

    The sample is looked at first: where it is another, the rest is not read.
    """
    if len(known) < len(DIGESTS):
        return None
    if known["data_sample"] != sample(data.images, data.labels):
        return False
    return known["data_digest"] == data.digest


def check_loss(folder: RunFolder, name: str, digest: str | None, info: Mapping[str, Any]) -> None:
    """Refuse to go on with another loss under the same name.

    Parameters
    ----------
    digest
        That of the loss to go on with: `gankit.launch.loss_digest`.
    info
        What the checkpoint's manifest says.

    Raises
    ------
    ConfigError
        The run recorded another one.
    """
    if digest != info.get("loss_digest"):
        raise ConfigError(
            f"{folder.path}: loss {name!r} returns other values or gradients than the one that "
            "the run was trained with; give the same Loss, or choose another --out"
        )


def check_loss_known(run: Path, config: TrainConfig) -> None:
    """Refuse to go on with a loss that a run was given as an object, and that is not registered.

    Parameters
    ----------
    run
        The folder; one without a run is not refused.
    config
        What the run would go on with.

    Raises
    ------
    ConfigError
        Nothing offers the run's loss; the message says how to give it.
    """
    if config.loss in plugins.losses() or not RunFolder(run).exists():
        return
    if config.loss == recorded(run).loss:
        raise ConfigError(
            f"{run}: loss {config.loss!r} of this run is not registered; go on in Python and give "
            f"the Loss again: gankit.train(out={str(run)!r}, resume=True, loss=...)"
        )


@contextmanager
def telling_of_moved_images(place: str | None) -> Iterator[None]:
    """Add to a DataError of the block what to do where the images of a run were moved.

    Parameters
    ----------
    place
        What the run has recorded as its data set; None if the block reads other images.
    """
    try:
        yield
    except DataError as error:
        if place is None or not is_path(place):
            raise
        raise DataError(
            f"{error}; if the images were moved, name their place by --dataset"
        ) from None


def images_of(
    config: TrainConfig,
    known: Mapping[str, str],
    dataset: str | None = None,
    data_dir: Path | None = None,
    tell: Tell = lambda _: None,
) -> TrainingData:
    """Load the images that a run was trained on, and make sure that they are those.

    Parameters
    ----------
    config
        The run's.
    known
        Their digests, as `known_images` returns them.
    dataset
        The name or the path of the images, if they are no longer where the run had them from.
    data_dir, tell
        As in `training_data`.

    Raises
    ------
    UnknownName, DataError, ConfigError
        The images cannot be had, or are others than the run was trained on.
    """
    if dataset is not None:
        config = dataclasses.replace(config, dataset=dataset)
    with telling_of_moved_images(None if dataset is not None else config.dataset):
        found = training_data(config, data_dir, tell)
    if same_images(known, found.images) is False:
        raise DataError(
            f"the run was trained on other images than {config.dataset} has here "
            f"({found.images.source}); name the place of its own by --dataset"
        )
    return found


def newest(folder: RunFolder) -> Checkpoint | None:
    """Return the newest whole checkpoint of the run, or None where there never was one.

    Raises
    ------
    CheckpointError
        There are some, and none is whole and of this run, or one was written by a newer gankit.
    """
    refused: list[str] = []
    checkpoint = folder.checkpoints.newest_valid(refused.append)
    if refused and checkpoint is None:
        if folder.checkpoints.steps():
            raise CheckpointError(
                f"no checkpoint in {folder.path} is whole; start in another folder ({refused[-1]})"
            )
        raise CheckpointError(
            f"no checkpoint in {folder.path} has the mark in {folder.environment.name}; if that "
            "file was changed, delete it: the checkpoints have the mark too; else choose another "
            "--out"
        )
    for line in refused:
        passed_over(line)
    return checkpoint


def passed_over(line: str) -> None:
    """Warn of a checkpoint that was not taken; `line` says which, and why."""
    warn(f"passed over: {line}")


def best(
    folder: RunFolder, complain: Callable[[str], None] = lambda _: None
) -> evaluation_log.Row | None:
    """Return the evaluation of the best step that has a checkpoint; None where there is none.

    Parameters
    ----------
    complain
        Is given one line for each checkpoint of another run.

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
    """Say where a run that has diverged can be taken up again."""
    if folder is None:
        return "nothing was kept, for the run has no folder"
    last = folder.checkpoints.newest_valid()
    return f"the last good checkpoint is {last.path}" if last else "there is no checkpoint yet"
