"""The images of a run: recognised by their digests, wherever they are stored now."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gankit.config import TrainConfig
from gankit.data import ImageSet, is_path
from gankit.data.digests import sample
from gankit.data.memory_data import MEMORY
from gankit.errors import DataError
from gankit.launch.messages import Tell, silent
from gankit.launch.resume.find_checkpoint import newest_info
from gankit.launch.training_data import TrainingData, training_data
from gankit.runs import RunFolder

DIGESTS = ("data_digest", "data_sample")
"""Names of the images' digests in a manifest and in `environment.json`."""


def digests_of(info: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of the images that a run was trained on, from a manifest."""
    return {key: info[key] for key in DIGESTS if isinstance(info.get(key), str)}


def known_images(folder: RunFolder) -> dict[str, str]:
    """Return the digests of a run's images from its newest readable manifest, or none."""
    return digests_of(newest_info(folder))


def same_images(known: Mapping[str, str], data: ImageSet) -> bool | None:
    """Return whether images have the known digests; None if no digest is known.

    The sample is compared first: if it differs, the rest is not read.
    """
    if len(known) < len(DIGESTS):
        return None
    if known["data_sample"] != sample(data.images, data.labels):
        return False
    return known["data_digest"] == data.digest


def images_of(
    config: TrainConfig,
    known: Mapping[str, str],
    dataset: str | None = None,
    data_dir: Path | None = None,
    tell: Tell = silent,
    given: ImageSet | None = None,
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
    given
        The images, if a program gave them. Their labels are left out if the run was trained
        without them.

    Raises
    ------
    UnknownName, DataError, ConfigError
        The images cannot be loaded, or are not those that the run was trained on.
    """
    dataset = MEMORY if given else dataset
    if given and given.labels is not None:
        unlabelled = dataclasses.replace(given, labels=None, class_names=())
        given = unlabelled if same_images(known, unlabelled) else given
    if dataset is not None:
        config = dataclasses.replace(config, dataset=dataset)
    with hint_at_moved_images(None if dataset is not None else config.dataset):
        found = training_data(config, data_dir, tell, {MEMORY: given} if given else None)
    if same_images(known, found.images) is False:
        if given:
            raise DataError(
                "images: got others than the run was trained on; compare any images with "
                "gankit.evaluation.evaluate(made, reference, features)"
            )
        raise DataError(
            f"the run was trained on other images than {config.dataset} has here "
            f"({found.images.source}); give the path of its own images with --dataset"
        )
    return found


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
