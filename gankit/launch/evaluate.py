"""Evaluate a run: generate images, compute metrics, show the nearest training images."""

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
from gankit.evaluation.image_arrays import Levels
from gankit.launch import reference_data
from gankit.launch.messages import Tell, warn
from gankit.launch.reference_data import (
    BASELINE,
    FEWEST,
    SAMPLES,
    TRAINING,
    ReferenceData,
    Watch,
    unwatched,
)
from gankit.launch.resume.run_images import known_images
from gankit.launch.trained import Trained
from gankit.runs import RunFolder, evaluation_log
from gankit.visual import images

READING = "reading images"
GENERATING = "generating images"
PICTURE = "nearest training images"
PAUSE = 10.0
"""Seconds between two messages."""


def generated(
    run: Trained,
    count: int = SAMPLES,
    seed: int = 0,
    watch: Watch = unwatched,
    data: Labels | None = None,
) -> Levels:
    """Return `(count, H, W, C)` uint8 images of a run, as of `Run.sample`; memory is bounded.

    A class-conditional generator makes the classes in the proportions of the data.

    Parameters
    ----------
    count, seed
        Number and random seed, as in `Run.sample`.
    watch
        Called with the progress.
    data
        `(N,)` classes of the training images, or None.
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
    """Return `(count,)` classes in the proportions of `data`, in random order.

    The labels are evenly spaced through the sorted ones, so that no share is off by more than one
    image. Classes drawn at random would add noise to every metric.

    >>> counts = np.bincount(in_proportion(np.array([0] * 70 + [2] * 30), 10, seed=0))
    >>> counts.tolist()
    [7, 0, 3]
    """
    places = (2 * np.arange(count, dtype=np.int64) + 1) * len(data) // (2 * count)
    labels: Labels = np.sort(data)[places]
    return generator(seed, Stream.SHARES).permutation(labels)


def check_samples(count: int) -> None:
    """Raise ConfigError unless `count` images can be evaluated."""
    check_count("the number of images", count)
    if count < FEWEST:
        raise ConfigError(f"images: got {count}; expected more than {FEWEST - 1}")


def evaluate_for_log(
    reference: ReferenceData,
    run: Trained,
    count: int = SAMPLES,
    seed: int = evaluation_log.SEED,
    before: Sequence[evaluation_log.Row] = (),
    *,
    baseline: bool = True,
    watch: Watch = unwatched,
) -> tuple[dict[str, Any], images.Pixels]:
    """Return a row for the evaluation log, and the picture from `ReferenceData.nearest`.

    Parameters
    ----------
    count, seed
        Number of images and random seed, as in `generated`.
    before
        Earlier evaluations; a baseline among them is not measured again.
    baseline
        Whether to measure the real-image baseline; if its images are missing, that is a warning.
    watch
        Called with the progress.
    """
    made = generated(run, count, seed, watch, reference.labels)
    watch(PICTURE, 0.0)
    picture = reference.nearest(made)
    row = {"step": run.step, "seed": seed, **reference.metrics(made, watch).as_json()}
    if baseline and evaluation_log.baseline_for(before, row) is None:
        try:
            row["baseline"] = reference.baseline(count, watch)
        except DataError as error:
            warn(f"no real-image baseline: {error}")
    return row, picture


def slowly(tell: Tell, clock: Callable[[], float] = time.monotonic) -> Watch:
    """Return a watcher that reports a classifier's training every 10 seconds."""
    began, spoke = clock(), -PAUSE

    def watch(stage: str, part: float) -> None:
        nonlocal spoke
        now = clock()
        if stage == TRAINING and part and now - spoke >= PAUSE:
            spoke, left = now, (now - began) / part * (1 - part)
            tell(f"{TRAINING} for evaluations, once for this data set: {left:.0f} seconds left")

    return watch


def evaluate_run(
    run: Trained,
    count: int = SAMPLES,
    seed: int = evaluation_log.SEED,
    data_dir: Path | None = None,
    dataset: str | None = None,
    *,
    progress: bool = True,
) -> Evaluation:
    """Evaluate a run of `gankit.train`; nothing is written.

    Parameters
    ----------
    dataset
        Name or path of the images, if they were moved.
    progress
        Whether to show the progress, as `gankit evaluate` does.

    Raises
    ------
    ConfigError
        The run is from `gankit.fit`, so its images are unknown.
    DataError
        The images cannot be loaded, or are not those that the run was trained on.
    """
    if run.config is None:
        raise ConfigError(
            "run: its data set is unknown; use gankit.evaluation.evaluate(images, ...)"
        )
    check_samples(count)
    trained_on = known_images(RunFolder(run.folder)) if run.folder else None
    with _shown(count) if progress else nullcontext(unwatched) as watch:
        watch(READING, 0.0)
        known = reference_data.load(run.config, data_dir, trained_on, dataset, watch=watch)
        found = known.metrics(generated(run, count, seed, watch, known.labels), watch)
    return dataclasses.replace(found, class_names=run.class_names)


def guesses(count: int, *, baseline: bool) -> dict[str, float]:
    """Return the approximate seconds of each stage of an evaluation on one server core."""
    stages = {
        "nearest images": 2e-3 * min(count, 1000),
        "features": 2e-4 * count,
        "Fréchet distance": 0.05,
        "kernel distance": 1.0 + 1e-8 * count * (count + SAMPLES),
        "precision and recall": 3e-8 * count * (count + SAMPLES),
        "classes": 3e-5 * count,
    }
    run = {GENERATING: 3e-4 * count, PICTURE: 1.0}
    real = {BASELINE + stage: seconds for stage, seconds in stages.items()}
    stages["precision and recall"] += 3e-8 * SAMPLES**2  # Once, for the reference.
    return run | stages | (real if baseline else {})


@contextmanager
def _shown(count: int) -> Iterator[Watch]:
    """Yield a watcher that shows the progress of an evaluation without baseline."""
    stages = guesses(count, baseline=False)
    del stages[PICTURE]
    with closing(Stages({READING: 1.0} | stages)) as shown:
        yield shown
