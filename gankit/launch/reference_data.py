"""Real images that the runs on one data set are held against, and what they are seen through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from gankit import plugins
from gankit.config import TrainConfig
from gankit.contract import Labels
from gankit.data import ImageOptions, ImageSet, is_path
from gankit.data.published.download import watched
from gankit.data.resized import resized
from gankit.errors import DataError
from gankit.evaluation import (
    Evaluation,
    Evaluator,
    Features,
    Reference,
    choose,
    classifier_of,
    nearest_images,
    principal_components,
    split_reference,
)
from gankit.evaluation.neighbours import NEIGHBOURS
from gankit.evaluation.pixels import Levels
from gankit.launch.messages import Tell
from gankit.launch.resuming import images_of
from gankit.visual import images

SAMPLES = 10_000
"""Images to generate, as many as a reference has."""
FEWEST = NEIGHBOURS + 1
"""Images that can be judged, or judged by."""
PAIRS = 20
"""Images of a picture, each above the training image nearest to it."""
COLUMNS = 10

TRAINING = "training the classifier"
FLOOR = "real images: "
"""What stands before the stages of judging them."""

Watch: TypeAlias = Callable[[str, float], None]
"""Takes what is being done, and which part of it is done, 0 to 1."""


def unwatched(_stage: str, _part: float) -> None:
    """Watch nothing."""


def silent(_line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, eq=False)
class Standard:
    """What the runs on one data set are held against.

    Attributes
    ----------
    judge
        With 10,000 of the training images for its reference, or half where no others are kept.
    training
        `(N, H, W, C)` uint8, all training images.
    labels
        `(N,)` the class of each; None where they have no classes.
    unseen
        Returns so many real images that are not in the reference, or all there are: those of the
        test split where the data set has one, else the training images that were held apart.
        DataError if they cannot be had.
    """

    judge: Evaluator
    training: Levels = field(repr=False)
    labels: Labels | None = field(repr=False)
    unseen: Callable[[int], Reference]

    def figures(self, made: Levels, watch: Watch = unwatched) -> Evaluation:
        """Return every figure of `(n, H, W, C)` uint8 images, at least 6 of them."""
        return self.judge(made, lambda stage: watch(stage, 0.0))

    def floor(self, count: int = SAMPLES, watch: Watch = unwatched) -> dict[str, Any]:
        """Return the figures of `count` real images, as JSON has them, and as "split" which.

        They are what to expect of a perfect generator.
        """
        with _downloads(watch):
            real = self.unseen(count)
        found = self.judge(real.images, lambda stage: watch(FLOOR + stage, 0.0), real.index)
        return {"split": real.split, **found.as_json()}

    def nearest(self, made: Levels) -> images.Pixels:
        """Return a picture of the first 20 images, each above the training image nearest to it."""
        first = made[:PAIRS]
        index, _ = nearest_images(first, self.training)
        pairs = np.concatenate([first, self.training[index]], axis=1)
        return images.grid(pairs, COLUMNS)


def standard(
    config: TrainConfig,
    data_dir: Path | None = None,
    known: Mapping[str, str] | None = None,
    dataset: str | None = None,
    *,
    tell: Tell = silent,
    watch: Watch = unwatched,
) -> Standard:
    """Return what a run of `config` is held against.

    Parameters
    ----------
    data_dir
        As in `gankit.train`.
    known
        The digests of the images that the run was trained on, by
        `gankit.launch.resuming.known_images`; None if they are not known.
    dataset
        The name or the path of the images, if they are no longer where the run has them from.
    tell
        Takes a line about the images.
    watch
        Is told how far downloads are, and the classifier's training, where none is kept.

    Raises
    ------
    UnknownName, DataError, ConfigError
        The images cannot be had, or are others than the run was trained on.
    """
    with _downloads(watch):
        data = images_of(config, known or {}, dataset, data_dir, tell)
    return against(data.images, data.config.dataset, data_dir, watch, data.config.images)


def against(
    data: ImageSet,
    dataset: str,
    data_dir: Path | None = None,
    watch: Watch = unwatched,
    options: ImageOptions | None = None,
) -> Standard:
    """Return what a run on training images that are loaded is held against.

    Parameters
    ----------
    dataset
        Its name, or the path of a user's own.
    data_dir
        Where to look for test images.
    options
        How the images reached their size; those of the test split are brought to it alike.
    """
    name = Path(dataset).name if is_path(dataset) else dataset
    if len(data) < 2 * FEWEST:
        raise DataError(
            f"{data.source}: has {len(data)} images; to judge by them takes at least {2 * FEWEST}"
        )
    test = None if is_path(dataset) else plugins.get_dataset(dataset).test
    if test is None:
        reference, others = split_reference(data.images, f"training images of {name}")
        unseen = _first(others)
    else:
        reference = choose(data.images, f"training images of {name}")
        load = test  # For mypy, which forgets that it is there.

        def unseen(count: int) -> Reference:
            fit = (options or ImageOptions()).fit
            held_out = resized(load(data_dir), data.images.shape[1:3], fit)
            return choose(held_out.images, f"test images of {name}", count)

    features = _features(data, reference, watch)
    judge = Evaluator(reference, features, training=data.images)
    return Standard(judge, data.images, data.labels, unseen)


def _downloads(watch: Watch) -> AbstractContextManager[None]:
    """Tell `watch` how far each download of the block is, as a stage of its own."""

    def progress(file: str, received: int, total: int | None) -> None:
        watch(f"downloading {file}", received / total if total else 0.0)

    return watched(progress)


def _first(others: Reference) -> Callable[[int], Reference]:
    def unseen(count: int) -> Reference:
        if count >= len(others.images):
            return others
        rest = others.split.partition(" ")[2]
        index = None if others.index is None else others.index[:count]
        return Reference(others.images[:count], f"{count:,} {rest}", index)

    return unseen


def _features(data: ImageSet, reference: Reference, watch: Watch) -> Features:
    """Return a classifier's where there are classes to tell apart, else principal components.

    Either has local features beside it.
    """
    if data.classes < 2:
        return principal_components(reference.images)
    return classifier_of(data, progress=lambda step, steps, _left: watch(TRAINING, step / steps))
