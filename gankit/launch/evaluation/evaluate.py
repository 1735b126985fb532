"""Evaluate a run: compute its metrics, and show the nearest training images."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

from gankit.callbacks.stage_bar import StageBar
from gankit.data import ImageSet
from gankit.data.memory_data import MEMORY
from gankit.errors import ConfigError, DataError
from gankit.evaluation import Evaluation, Features
from gankit.evaluation.image_arrays import Levels
from gankit.launch.evaluation import reference_data
from gankit.launch.evaluation.accuracy import accuracy_of
from gankit.launch.evaluation.generate import generate_images
from gankit.launch.evaluation.progress import PICTURE, READING, Watch, unwatched
from gankit.launch.evaluation.reference_data import ReferenceData
from gankit.launch.evaluation.sample_count import SAMPLES, check_samples
from gankit.launch.evaluation.trained_run import Trained
from gankit.launch.messages import warn
from gankit.launch.resume.run_images import digests_of, known_images
from gankit.runs import RunFolder, evaluation_log
from gankit.visual import images


def evaluate_run(
    run: Trained,
    count: int = SAMPLES,
    seed: int = evaluation_log.SEED,
    *,
    data_dir: Path | None = None,
    dataset: str | None = None,
    given: ImageSet | None = None,
    features: Features | None = None,
    progress: bool = True,
) -> Evaluation:
    """Evaluate a run; nothing is written.

    Parameters
    ----------
    dataset
        Name or path of the images, if they were moved.
    given
        The images, if a program gave them; by default those that the run has in memory.
    features
        The features to compare; None for gankit's own.
    progress
        Whether to show the progress, as `gankit evaluate` does.

    Raises
    ------
    ConfigError
        The run has neither a configuration nor images.
    DataError
        The images cannot be loaded, or are not those that the run was trained on.
    """
    if run.config is None:
        raise ConfigError(
            "run: its data set is unknown; use gankit.evaluation.evaluate(images, ...)"
        )
    check_samples(count)
    plan = run.plan if run.config.dataset == MEMORY else None
    in_memory = plan is not None and given is None and dataset is None
    if plan and in_memory:
        given = plan.data
    known_digests = {} if in_memory else _trained_on(run)
    with closing(StageBar()) if progress else nullcontext(unwatched) as watch:
        watch(READING, 0.0)
        known = reference_data.load(
            run.config, data_dir, known_digests, dataset, given=given,
            test_images=plan.test_images if plan else None, features=features, watch=watch,
        )  # fmt: skip
        made, alike = _generated(run, known, count, seed, watch)
        found = known.metrics(made, watch)
        accuracy = accuracy_of(run, known, watch)
    return dataclasses.replace(found, accuracy=accuracy, class_names=run.class_names, **alike)


def _generated(
    run: Trained, known: ReferenceData, count: int, seed: int, watch: Watch
) -> tuple[Levels, dict[str, Any]]:
    """Return a run's images, and how alike they are to the true ones if it translates sources."""
    if not run.problem.takes_source or known.pairs is None:
        return generate_images(run, count, seed, watch, known.labels), {}
    pairs = known.pairs(count)
    made = generate_images(run, count, seed, watch, known.labels, pairs.sources)
    return made, pairs.metrics(made)


def _trained_on(run: Trained) -> Mapping[str, str]:
    """Return the digests of the run's images, or none if they are unknown."""
    if run.folder:
        return known_images(RunFolder(run.folder))
    return digests_of(run.plan.digests) if run.plan else {}


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
        What `stated` returns of the reference's features if they were requested; else None.
    watch
        Called with the progress.
    """
    made, alike = _generated(run, reference, count, seed, watch)
    watch(PICTURE, 0.0)
    picture = reference.nearest(made)
    metrics = dataclasses.replace(reference.metrics(made, watch), **alike)
    row = {"step": run.step, "seed": seed, **metrics.as_json()}
    row["accuracy"] = accuracy_of(run, reference, watch)
    if requested is not None:
        row[evaluation_log.REQUESTED] = requested
    if baseline and evaluation_log.baseline_for(before, row) is None:
        try:
            row["baseline"] = reference.baseline(count, watch)
        except DataError as error:
            warn(f"no real-image baseline: {error}")
    return row, picture
