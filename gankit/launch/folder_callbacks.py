"""The callbacks that write to a run's folder: losses, samples, evaluations, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from gankit.callbacks import COLUMNS, Checkpoints, Evaluations, Losses, Samples
from gankit.contract import Labels
from gankit.contract.sample_noise import sample_noise
from gankit.data.class_names import Classes
from gankit.launch.resolved_plan import ResolvedPlan
from gankit.launch.resume.lasting_settings import lasting
from gankit.launch.training_time import TimeLog, TrainingTime
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
    labels = grid_labels(plan.problem.generator_classes)
    count = GRID_IMAGES if labels is None else len(labels)
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

    noise = sample_noise(plan.problem, count, config.seed).astype(config.precision)
    return [
        Losses(log),
        Samples(folder, noise, plan.epoch, config.sample_every, labels, _rows(plan)),
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


def _rows(plan: ResolvedPlan) -> tuple[str, ...]:
    """Return the class name of each row of a grid, if the classes have names."""
    classes = Classes.of(plan.data.class_names, plan.problem.generator_classes)
    return () if classes.plain else classes.names[:GRID_CLASSES]


def grid_labels(classes: int) -> Labels | None:
    """Return the labels of a grid with one row per class, at most ten; None without classes."""
    return np.repeat(np.arange(min(classes, GRID_CLASSES)), COLUMNS) if classes else None
