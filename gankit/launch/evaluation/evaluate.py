"""Evaluate a run: compute its metrics, and show the nearest training images."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

from gankit.callbacks.stage_bar import StageBar
from gankit.errors import ConfigError, DataError
from gankit.evaluation import Evaluation, Features
from gankit.launch.evaluation import reference_data
from gankit.launch.evaluation.generate import generate_images
from gankit.launch.evaluation.progress import PICTURE, READING, Watch, unwatched
from gankit.launch.evaluation.reference_data import ReferenceData
from gankit.launch.evaluation.sample_count import SAMPLES, check_samples
from gankit.launch.evaluation.trained_run import Trained
from gankit.launch.messages import warn
from gankit.launch.resume.run_images import known_images
from gankit.runs import RunFolder, evaluation_log
from gankit.visual import images


def evaluate_run(
    run: Trained,
    count: int = SAMPLES,
    seed: int = evaluation_log.SEED,
    data_dir: Path | None = None,
    dataset: str | None = None,
    features: Features | None = None,
    *,
    progress: bool = True,
) -> Evaluation:
    """Evaluate a run of `gankit.train`; nothing is written.

    Parameters
    ----------
    dataset
        Name or path of the images, if they were moved.
    features
        The features to compare; None for gankit's own.
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
    with closing(StageBar()) if progress else nullcontext(unwatched) as watch:
        watch(READING, 0.0)
        known = reference_data.load(
            run.config, data_dir, trained_on, dataset, features=features, watch=watch
        )
        found = known.metrics(generate_images(run, count, seed, watch, known.labels), watch)
    return dataclasses.replace(found, class_names=run.class_names)


def evaluate_for_log(
    reference: ReferenceData,
    run: Trained,
    count: int = SAMPLES,
    seed: int = evaluation_log.SEED,
    before: Sequence[evaluation_log.Row] = (),
    *,
    baseline: bool = True,
    requested: str | None = None,
    watch: Watch = unwatched,
) -> tuple[dict[str, Any], images.Pixels]:
    """Return a row for the evaluation log, and the picture from `ReferenceData.nearest`.

    Parameters
    ----------
    count, seed
        Number of images and random seed, as in `generate_images`.
    before
        Earlier evaluations; a baseline among them is not measured again.
    baseline
        Whether to measure the real-image baseline; if its images are missing, that is a warning.
    requested
        Name of the reference's features if a plugin's were requested; else None.
    watch
        Called with the progress.
    """
    made = generate_images(run, count, seed, watch, reference.labels)
    watch(PICTURE, 0.0)
    picture = reference.nearest(made)
    row = {"step": run.step, "seed": seed, **reference.metrics(made, watch).as_json()}
    if requested is not None:
        row[evaluation_log.REQUESTED] = requested
    if baseline and evaluation_log.baseline_for(before, row) is None:
        try:
            row["baseline"] = reference.baseline(count, watch)
        except DataError as error:
            warn(f"no real-image baseline: {error}")
    return row, picture
