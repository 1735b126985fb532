"""A run, examined: what it makes, and what is found of it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from gankit._utils.counts import check_count
from gankit.callbacks.stage_bar import Stages
from gankit.contract import Labels
from gankit.contract.random_streams import Stream, generator
from gankit.data.class_names import Classes
from gankit.errors import ConfigError, DataError
from gankit.evaluation import Evaluation
from gankit.evaluation.pixels import Levels
from gankit.launch.messages import Tell, warn
from gankit.launch.reference_data import (
    FEWEST,
    FLOOR,
    SAMPLES,
    TRAINING,
    Standard,
    Watch,
    standard,
    unwatched,
)
from gankit.launch.resuming import known_images
from gankit.launch.trained import Trained
from gankit.runs import RunFolder, evaluation_log
from gankit.visual import images

READING = "reading images"
GENERATING = "generating images"
PICTURE = "nearest training images"
PAUSE = 10.0
"""Seconds between two lines."""


def generated(
    run: Trained,
    count: int = SAMPLES,
    seed: int = 0,
    watch: Watch = unwatched,
    data: Labels | None = None,
) -> Levels:
    """Return `(count, H, W, C)` uint8 images of a run, those of `Run.sample`; memory stays flat.

    A generator that takes classes makes each as often as the data have it.

    Parameters
    ----------
    count, seed
        Which images, as in `Run.sample`.
    watch
        Is told how far this is.
    data
        `(N,)` the class of each training image; None where they have no classes.
    """
    check_samples(count)
    labels = None
    if run.problem.generator_classes and data is not None:
        classes = Classes.of(run.class_names, run.problem.generator_classes)
        labels = classes.labels(in_proportion(data, count, seed))
    done, parts = 0, []
    watch(GENERATING, 0.0)
    for chunk in run.chunks(count, seed, labels):
        parts.append(images.to_uint8(chunk))
        done += len(chunk)
        watch(GENERATING, done / count)
    return np.concatenate(parts)


def in_proportion(data: Labels, count: int, seed: int) -> Labels:
    """Return `(count,)` classes with the shares that they have in `data`, in a random order.

    They are `count` labels evenly spaced through the sorted ones, so no share is off by more than
    one image: classes drawn at random would add their own noise to every figure.

    >>> counts = np.bincount(in_proportion(np.array([0] * 70 + [2] * 30), 10, seed=0))
    >>> counts.tolist()
    [7, 0, 3]
    """
    places = (2 * np.arange(count, dtype=np.int64) + 1) * len(data) // (2 * count)
    labels: Labels = np.sort(data)[places]
    return generator(seed, Stream.SHARES).permutation(labels)


def check_samples(count: int) -> None:
    """Raise ConfigError unless so many images can be judged."""
    check_count("the number of images", count)
    if count < FEWEST:
        raise ConfigError(f"{count} images are too few to judge; ask for at least {FEWEST}")


def examined(
    standard: Standard,
    run: Trained,
    count: int = SAMPLES,
    seed: int = evaluation_log.SEED,
    before: Sequence[evaluation_log.Row] = (),
    *,
    floor: bool = True,
    watch: Watch = unwatched,
) -> tuple[dict[str, Any], images.Pixels]:
    """Return what is found of a run, as the log of evaluations has it, and `Standard.nearest`.

    Parameters
    ----------
    count, seed
        Which images of the run, as in `generated`.
    before
        Earlier evaluations; a floor that is among them is not measured again.
    floor
        Whether to measure it at all; where its images cannot be had, that is a warning.
    watch
        Is told how far all this is.
    """
    made = generated(run, count, seed, watch, standard.labels)
    watch(PICTURE, 0.0)
    picture = standard.nearest(made)
    row = {"step": run.step, "seed": seed, **standard.figures(made, watch).as_json()}
    if floor and evaluation_log.baseline_for(before, row) is None:
        try:
            row["floor"] = standard.floor(count, watch)
        except DataError as error:
            warn(f"without the figures of real images: {error}")
    return row, picture


def slowly(tell: Tell, clock: Callable[[], float] = time.monotonic) -> Watch:
    """Return what tells of a classifier's training in a line now and then."""
    began, spoke = clock(), -PAUSE

    def watch(stage: str, part: float) -> None:
        nonlocal spoke
        now = clock()
        if stage == TRAINING and part and now - spoke >= PAUSE:
            spoke, left = now, (now - began) / part * (1 - part)
            tell(f"{TRAINING} to judge by, once for this data set: {left:.0f} seconds left")

    return watch


def evaluation(
    run: Trained,
    count: int = SAMPLES,
    seed: int = evaluation_log.SEED,
    data_dir: Path | None = None,
    dataset: str | None = None,
    *,
    progress: bool = True,
) -> Evaluation:
    """Return the figures of a run on named data; nothing is written.

    Parameters
    ----------
    dataset
        The name or the path of the images, if they are no longer where the run has them from.
    progress
        Whether to show how far it is, as `gankit evaluate` does.

    Raises
    ------
    ConfigError
        The run is one of `gankit.fit`, which has forgotten its images.
    DataError
        The images cannot be had, or are others than the run was trained on.
    """
    if run.config is None:
        raise ConfigError(
            "this run does not know its data set; use gankit.evaluation.evaluate(images, ...)"
        )
    check_samples(count)
    trained_on = known_images(RunFolder(run.folder)) if run.folder else None
    with _shown(count) if progress else nullcontext(unwatched) as watch:
        watch(READING, 0.0)
        known = standard(run.config, data_dir, trained_on, dataset, watch=watch)
        found = known.figures(generated(run, count, seed, watch, known.labels), watch)
    return dataclasses.replace(found, class_names=run.class_names)


def guesses(count: int, *, floor: bool) -> dict[str, float]:
    """Return the seconds that each stage of `examined` takes on one core of a server, about."""
    judged = {
        "nearest images": 2e-3 * min(count, 1000),
        "features": 2e-4 * count,
        "Fréchet distance": 0.05,
        "kernel distance": 1.0 + 1e-8 * count * (count + SAMPLES),
        "precision and recall": 3e-8 * count * (count + SAMPLES),
        "classes": 3e-5 * count,
    }
    run = {GENERATING: 3e-4 * count, PICTURE: 1.0}
    real = {FLOOR + stage: seconds for stage, seconds in judged.items()}
    judged["precision and recall"] += 3e-8 * SAMPLES**2  # Once, for the reference.
    return run | judged | (real if floor else {})


@contextmanager
def _shown(count: int) -> Iterator[Watch]:
    """Give what shows how far an evaluation without a floor is."""
    stages = guesses(count, floor=False)
    del stages[PICTURE]
    with closing(Stages({READING: 1.0} | stages)) as shown:
        yield shown
