"""The reference data of a data set: real images, their features, and an evaluator."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from gankit import plugins
from gankit._text import counted
from gankit.config import TrainConfig
from gankit.contract import AnyLabels
from gankit.data import ImageOptions, ImageSet, is_path
from gankit.data.memory_data import MEMORY, origin
from gankit.data.published.download import watched
from gankit.data.resized import resized
from gankit.errors import DataError
from gankit.evaluation import (
    Evaluation,
    Evaluator,
    Features,
    OnnxFeatures,
    Reference,
    choose,
    classifier_of,
    nearest_images,
    principal_components,
    split_reference,
)
from gankit.evaluation.image_arrays import Levels, levels
from gankit.launch.evaluation.pairs import Pairs, pairs_of
from gankit.launch.evaluation.progress import BASELINE, NETWORK, TRAINING, Watch, unwatched
from gankit.launch.evaluation.sample_count import FEWEST, SAMPLES
from gankit.launch.messages import Tell, silent
from gankit.launch.resume.run_images import images_of
from gankit.visual import images

PAIRS = 20
"""Images in the picture of nearest training images."""
COLUMNS = 10


@dataclass(frozen=True, eq=False)
class ReferenceData:
    """Real images that the runs on one data set are compared with.

    Attributes
    ----------
    evaluator
        Its reference is 10,000 of the training images, or half of them without test images.
    training
        `(N, H, W, C)` uint8, all training images.
    labels
        `(N,)` their classes, `(N, d)` vectors, or None.
    unseen
        Returns at most so many real images that are not in the reference: from the test split, or
        without one, the other half of the training images. Raises DataError if they cannot be
        loaded.
    test
        Returns the test images, resized alike; None if there are none.
    pairs
        Returns at most so many sources with their true images; None if there are no sources.
    """

    evaluator: Evaluator
    training: Levels = field(repr=False)
    labels: AnyLabels | None = field(repr=False)
    unseen: Callable[[int], Reference]
    test: Callable[[], ImageSet] | None = None
    pairs: Callable[[int], Pairs] | None = None

    def metrics(self, made: Levels, watch: Watch = unwatched) -> Evaluation:
        """Return every metric of `(n, H, W, C)` uint8 images, at least 6 of them."""
        return self.evaluator(made, lambda stage: watch(stage, 0.0))

    def baseline(self, count: int = SAMPLES, watch: Watch = unwatched) -> dict[str, Any]:
        """Return the real-image baseline: the metrics of `count` real images, and their "split".

        It is the value of a perfect generator.
        """
        with _downloads(watch):
            real = self.unseen(count)
        found = self.evaluator(
            real.images, lambda stage: watch(BASELINE + stage, 0.0), real.index, real=True
        )
        return {"split": real.split, **found.as_json()}

    def nearest(self, made: Levels) -> images.Pixels:
        """Return a picture of the first 20 images, each above its nearest training image."""
        first = made[:PAIRS]
        index, _ = nearest_images(first, self.training)
        pairs = np.concatenate([first, self.training[index]], axis=1)
        return images.grid(pairs, COLUMNS)


def load(
    config: TrainConfig,
    data_dir: Path | None = None,
    known: Mapping[str, str] | None = None,
    dataset: str | None = None,
    *,
    given: ImageSet | None = None,
    test_images: ImageSet | None = None,
    features: Features | None = None,
    tell: Tell = silent,
    watch: Watch = unwatched,
) -> ReferenceData:
    """Load the reference data of a run of `config`.

    Parameters
    ----------
    data_dir
        As in `gankit.train`.
    known
        The digests of the run's images, from `known_images` in `gankit.launch.resume`; None if
        unknown.
    dataset
        Name or path of the images, if they were moved.
    given
        The images, if a program gave them.
    test_images, features
        As in `make`.
    tell
        Takes a line about the images.
    watch
        Called with the progress of downloads and of the classifier's training.

    Raises
    ------
    UnknownName, DataError, ConfigError
        The images cannot be loaded, or are not those that the run was trained on.
    """
    with _downloads(watch):
        data = images_of(config, known or {}, dataset, data_dir, tell, given)
    options = data.config.images
    return make(data.images, data.config.dataset, data_dir, watch, options, features, test_images)


def make(
    data: ImageSet,
    dataset: str,
    data_dir: Path | None = None,
    watch: Watch = unwatched,
    options: ImageOptions | None = None,
    features: Features | None = None,
    test_images: ImageSet | None = None,
) -> ReferenceData:
    """Return the reference data of loaded training images.

    Parameters
    ----------
    dataset
        Name of the data set, or path of a user's own.
    data_dir
        Folder of the test images.
    options
        How the images were resized; test images are resized alike.
    features
        The features to compare; None for gankit's own.
    test_images
        Held-out images that a program gave; None for those of the data set, if it has any.
    """
    data = _with_levels(data)
    name = Path(dataset).name if is_path(dataset) else dataset
    if len(data) < 2 * FEWEST:
        raise DataError(
            f"{data.source}: got {counted(len(data), 'image')}; expected {2 * FEWEST} or more to "
            "evaluate"
        )
    load = held_out(dataset, data_dir, test_images)
    size, fit = data.images.shape[1:3], (options or ImageOptions()).fit
    test = None if load is None else cache(lambda: resized(load(), size, fit))
    if test is None:
        reference, others = split_reference(data.images, f"training images {origin(name)}")
        unseen = _first(others)
    else:
        reference = choose(data.images, f"training images {origin(name)}")
        unseen = _of_test_images(test, name)
    compared = _features(data, reference, watch) if features is None else _watched(features, watch)
    evaluator = Evaluator(reference, compared, training=data.images)
    pairs = pairs_of(data, test)
    return ReferenceData(evaluator, data.images, data.labels, unseen, test, pairs)


def _downloads(watch: Watch) -> AbstractContextManager[None]:
    """Report each download of the block to `watch`, as one stage."""

    def progress(file: str, received: int, total: int | None) -> None:
        watch(f"downloading {file}", received / total if total else 0.0)

    return watched(progress)


def _with_levels(data: ImageSet) -> ImageSet:
    """Return images as uint8; a program may have given real numbers in [-1, 1]."""
    if data.images.dtype == np.uint8:
        return data
    return dataclasses.replace(data, images=levels(data.images))


def held_out(
    dataset: str, data_dir: Path | None, given: ImageSet | None
) -> Callable[[], ImageSet] | None:
    """Return a function that loads the held-out images; None if there are none."""
    if given is not None:
        return lambda: _with_levels(given)
    if is_path(dataset) or dataset == MEMORY:
        return None
    test = plugins.get_dataset(dataset).test
    return None if test is None else lambda: test(data_dir)


def _of_test_images(load: Callable[[], ImageSet], name: str) -> Callable[[int], Reference]:
    """Return a function that loads so many test images."""
    return lambda count: choose(load().images, f"test images {origin(name)}", count)


def _first(others: Reference) -> Callable[[int], Reference]:
    """Return a function that returns the first images of a loaded set."""

    def unseen(count: int) -> Reference:
        if count >= len(others.images):
            return others
        rest = others.split.partition(" ")[2]
        index = None if others.index is None else others.index[:count]
        return Reference(others.images[:count], f"{count:,} {rest}", index)

    return unseen


def _watched(features: Features, watch: Watch) -> Features:
    """Return features that report their progress: large networks take minutes."""
    if not isinstance(features, OnnxFeatures):
        return features
    return dataclasses.replace(features, progress=lambda part: watch(NETWORK, part))


def _features(data: ImageSet, reference: Reference, watch: Watch) -> Features:
    """Return a classifier's features if there are classes, else principal components.

    Both include local features.
    """
    if data.classes < 2:
        return principal_components(reference.images)
    return classifier_of(data, progress=lambda step, steps, _left: watch(TRAINING, step / steps))
