"""The callbacks that write to a run's folder: losses, samples, evaluations, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from gankit.callbacks import COLUMNS, Checkpoints, Evaluations, Losses, Samples, noise_grid
from gankit.contract import AnyLabels, Problem
from gankit.contract.sample_noise import sample_noise
from gankit.data.class_names import Classes
from gankit.launch.resolved_plan import ResolvedPlan
from gankit.launch.resume.lasting_settings import lasting
from gankit.launch.training_time import TimeLog, TrainingTime
from gankit.launch.translation_grid import translation_grid
from gankit.runs import LossLog, RunFolder, warning_log
from gankit.training import Callback

GRID_IMAGES = 25
GRID_CLASSES = 10
SECONDS = "seconds"
"""The name of the trained seconds in a manifest."""
IMAGE_SHAPE = "image_shape"
"""The name of the images' shape in a manifest; a native network does not state it."""


def warning_recorder(folder: RunFolder | None) -> Callable[[int, str], None]:
    """Return a function that appends a run's warnings to its folder."""

    def record(step: int, text: str) -> None:
        if folder is not None:
            warning_log.append(folder.warnings, warning_log.Warned(step, text))

    return record


def folder_callbacks(
    plan: ResolvedPlan,
    folder: RunFolder,
    log: LossLog,
    evaluation: Evaluations | None = None,
    trained: TrainingTime | None = None,
) -> list[Callback]:
    """Return the callbacks that write to the run's folder, logs before checkpoints."""
    config = plan.config
    info = {
        "backend": config.backend,
        "recipe": config.recipe,
        "dataset": config.dataset,
        "libraries": plan.environment["libraries"],
        "settings": lasting(config),
        IMAGE_SHAPE: list(plan.problem.image_shape),
        **plan.records,
    }

    def manifest() -> Mapping[str, object]:
        return info | ({SECONDS: trained.seconds} if trained else {})

    return [
        Losses(log),
        _samples(plan, folder),
        *([evaluation] if evaluation else []),
        *([TimeLog(folder.times, trained)] if trained else []),
        Checkpoints(
            folder.checkpoints,
            config.checkpoint_every or plan.epoch,
            config.keep_checkpoints,
            manifest,
            log,
            evaluation.best if evaluation else None,
        ),
    ]


def _samples(plan: ResolvedPlan, folder: RunFolder) -> Samples:
    """Return the callback that draws grids: of noise, or of sources with what becomes of them."""
    config, problem = plan.config, plan.problem
    draw = translation_grid(plan)
    if draw is None:
        labels = grid_labels(problem)
        count = GRID_IMAGES if labels is None else len(labels)
        noise = sample_noise(problem, count, config.seed).astype(config.precision)
        draw = noise_grid(noise, labels, _rows(plan))
    return Samples(folder, draw, plan.epoch, config.sample_every)


def _rows(plan: ResolvedPlan) -> tuple[str, ...]:
    """Return the class name of each row of a grid, if the classes have names."""
    classes = Classes.of(plan.data.class_names, plan.problem.generator_classes)
    return () if classes.plain else classes.names[:GRID_CLASSES]


def grid_labels(problem: Problem) -> AnyLabels | None:
    """Return the labels of a grid with one row per class, at most ten; None without labels.

    Labels that are vectors are spread over their ranges, in each row the same.
    """
    if problem.generator_labels.columns:
        row = np.asarray(problem.labels_in_turn(COLUMNS), np.float64)
        return np.tile(row, (GRID_IMAGES // COLUMNS, 1))
    classes = min(problem.generator_classes, GRID_CLASSES)
    return np.repeat(np.arange(classes), COLUMNS) if classes else None
