"""What judges a run while it trains, where that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gankit.callbacks import Judging
from gankit.launch import evaluate, reference_data
from gankit.launch.messages import Tell
from gankit.launch.run import Run
from gankit.runs import RunFolder, evaluation_log
from gankit.runs.loss_history import LossHistory
from gankit.training import Progress
from gankit.visual.images import Pixels

if TYPE_CHECKING:
    from gankit.launch.resolved_plan import Plan


def standard_of(plan: Plan, stop: Callable[[], bool], tell: Tell) -> reference_data.Standard | None:
    """Return what the run is held against while it trains; None where that is not asked for."""
    config = plan.config
    if config.evaluate_every is None:
        return None
    evaluate.check_samples(config.evaluate_samples)
    said = evaluate.slowly(tell)

    def watch(stage: str, part: float) -> None:
        if stop():  # There is no block yet to stop after.
            raise KeyboardInterrupt
        said(stage, part)

    return reference_data.against(plan.data, config.dataset, plan.data_dir, watch, config.images)


def judge_of(
    plan: Plan, folder: RunFolder, standard: reference_data.Standard, tell: Tell
) -> Judging:
    """Return what evaluates the run while it trains."""
    config = plan.config

    def examine(
        progress: Progress, before: Sequence[evaluation_log.Row]
    ) -> tuple[dict[str, Any], Pixels]:
        run = Run(plan.problem, progress.trainer, progress.step, LossHistory([]), config)
        return evaluate.examined(standard, run, config.evaluate_samples, before=before)

    every = (config.evaluate_every or 1) * plan.epoch
    return Judging(folder, examine, every, plan.steps, config.evaluate_samples, tell)
