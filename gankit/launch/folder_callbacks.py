"""The callbacks that fill a run's folder: losses, samples, evaluations, checkpoints."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gankit.callbacks import COLUMNS, Checkpoints, Judging, Metrics, Samples
from gankit.contract import Labels
from gankit.contract.latents import latents
from gankit.data.class_names import Classes
from gankit.launch.lasting_settings import lasting
from gankit.launch.resolved_plan import Plan
from gankit.runs import (
    MetricsLog,
    RunFolder,
    warning_log,
)
from gankit.training import Callback

GRID = 25
ROWS = 10


def warning_recorder(folder: RunFolder | None) -> Callable[[int, str], None]:
    """Return what keeps a run's warnings in its folder."""

    def record(step: int, text: str) -> None:
        if folder is not None:
            warning_log.append(folder.warnings, warning_log.Warned(step, text))

    return record


def folder_callbacks(
    plan: Plan, folder: RunFolder, log: MetricsLog, judge: Judging | None
) -> list[Callback]:
    """Return what fills the run's folder, the logs before the checkpoints."""
    config = plan.config
    labels = grid_labels(plan.problem.generator_classes)
    count = GRID if labels is None else len(labels)
    noise = latents(count, config.latent, config.seed).astype(config.precision)
    return [
        Metrics(log),
        Samples(folder, noise, plan.epoch, config.sample_every, labels, _rows(plan)),
        *([judge] if judge else []),
        Checkpoints(
            folder.checkpoints,
            config.checkpoint_every or plan.epoch,
            config.keep_checkpoints,
            {
                "backend": config.backend,
                "recipe": config.recipe,
                "dataset": config.dataset,
                "libraries": plan.environment["libraries"],
                "settings": lasting(config),
                **plan.digests,
            },
            log,
            judge.best if judge else None,
        ),
    ]


def _rows(plan: Plan) -> tuple[str, ...]:
    """Return what the rows of a grid show, if classes have names other than their numbers."""
    told = Classes.of(plan.data.class_names, plan.problem.generator_classes)
    return () if told.plain else told.names[:ROWS]


def grid_labels(classes: int) -> Labels | None:
    """Return the labels of a grid with a class a row, at most ten rows; None without classes."""
    return np.repeat(np.arange(min(classes, ROWS)), COLUMNS) if classes else None
