"""Generate the images of a run that are evaluated."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.contract import AnyLabels, Labels
from gankit.contract.random_streams import Stream, generator
from gankit.data.class_names import Classes
from gankit.evaluation.image_arrays import Levels
from gankit.launch.evaluation.progress import GENERATING, Watch, unwatched
from gankit.launch.evaluation.sample_count import SAMPLES, check_samples
from gankit.launch.evaluation.trained_run import Trained
from gankit.visual import images


def generate_images(
    run: Trained,
    count: int = SAMPLES,
    seed: int = 0,
    watch: Watch = unwatched,
    data: AnyLabels | None = None,
    source: NDArray[Any] | None = None,
) -> Levels:
    """Return `(count, H, W, C)` uint8 images of a run, as from `Run.sample`; memory is bounded.

    A conditional generator makes the classes in the proportions of the data, or takes labels of
    the data that are drawn at random.

    Parameters
    ----------
    count, seed
        Number and random seed, as in `Run.sample`.
    watch
        Called with the progress.
    data
        `(N,)` classes of the training images, -1 for none, or `(N, d)` vectors; or None.
    source
        The sources to translate, if the generator takes some: their number takes the place of
        `count`. None by default.
    """
    check_samples(count)
    count = count if source is None else len(source)
    labels: AnyLabels | None = None
    if run.problem.generator_labels.columns and data is not None:
        labels = np.asarray(data, np.float64)[_shares(len(data), count, seed)]
    elif run.problem.generator_classes and data is not None:
        classes = Classes.of(run.class_names, run.problem.generator_classes)
        labels = classes.labels(labels_in_proportion(np.asarray(data, np.int64), count, seed))
    done, parts = 0, []
    watch(GENERATING, 0.0)
    for chunk in run.chunks(count, seed, labels, source=source):
        parts.append(images.to_uint8(chunk))
        done += len(chunk)
        watch(GENERATING, done / count)
    return np.concatenate(parts)


def labels_in_proportion(data: Labels, count: int, seed: int) -> Labels:
    """Return `(count,)` classes in the proportions of `data`, in random order.

    The labels are evenly spaced through the sorted ones, so that no share is off by more than one
    image. Classes drawn at random would add noise to every metric.

    >>> counts = np.bincount(labels_in_proportion(np.array([0] * 70 + [2] * 30), 10, seed=0))
    >>> counts.tolist()
    [7, 0, 3]
    """
    places = (2 * np.arange(count, dtype=np.int64) + 1) * len(data) // (2 * count)
    labels: Labels = np.sort(data)[places]
    return generator(seed, Stream.SHARES).permutation(labels)


def _shares(images: int, count: int, seed: int) -> NDArray[np.int64]:
    """Return the positions of `count` labels, drawn without replacement as far as possible."""
    order = generator(seed, Stream.SHARES).permutation(images)
    return np.resize(order, count)
