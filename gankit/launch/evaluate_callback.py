"""Set up the callback that evaluates a run during training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gankit.callbacks import Evaluations
from gankit.launch.evaluation import evaluate, reference_data
from gankit.launch.evaluation.progress import tell_of_training
from gankit.launch.evaluation.sample_count import check_samples
from gankit.launch.messages import Tell
from gankit.launch.run import Run
from gankit.runs import RunFolder, evaluation_log
from gankit.runs.loss_history import LossHistory
from gankit.training import Progress
from gankit.visual.images import Pixels

if TYPE_CHECKING:
    from gankit.launch.resolved_plan import ResolvedPlan


def reference_of(
    plan: ResolvedPlan, stop: Callable[[], bool], tell: Tell
) -> reference_data.ReferenceData | None:
    """Return the plan's reference data, or None if `evaluate_every` is not set."""
    config = plan.config
    if config.evaluate_every is None:
        return None
    check_samples(config.evaluate_samples)
    report = tell_of_training(tell)

    def watch(stage: str, part: float) -> None:
        if stop():  # Before the first block.
            raise KeyboardInterrupt
        report(stage, part)

    return reference_data.make(
        plan.data, config.dataset, plan.data_dir, watch, config.images,
        test_images=plan.test_images,
    )  # fmt: skip


def evaluation_callback(
    plan: ResolvedPlan, folder: RunFolder, reference: reference_data.ReferenceData, tell: Tell
) -> Evaluations:
    """Return the callback that evaluates the run during training."""
    config = plan.config

    def evaluate_step(
        progress: Progress, before: Sequence[evaluation_log.Row]
    ) -> tuple[dict[str, Any], Pixels]:
        run = Run(plan.problem, progress.trainer, progress.step, LossHistory([]), config)
        return evaluate.evaluate_for_log(reference, run, config.evaluate_samples, before=before)

    every = (config.evaluate_every or 1) * plan.epoch
    return Evaluations(
        folder, evaluate_step, every, plan.steps, config.evaluate_samples, tell, config.patience
    )
