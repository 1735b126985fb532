"""Train a run: open its folder, set up its callbacks, run the training loop."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from gankit import plugins
from gankit._utils import locked_folders
from gankit._utils.start_variables import launcher_ended
from gankit._utils.storage import require_space
from gankit.callbacks import Checkpoints, Evaluations, History, Watchdog
from gankit.contract import Trainer
from gankit.errors import DataError, Diverged, StorageError
from gankit.launch import devices, evaluate_callback
from gankit.launch.checks.misuse_warnings import warn_of_misuse
from gankit.launch.checks.run_start import Start
from gankit.launch.folder_callbacks import SECONDS, folder_callbacks, warning_recorder
from gankit.launch.messages import Tell, silent
from gankit.launch.open_folder import check_folder, open_folder, space_needed
from gankit.launch.resolved_plan import ResolvedPlan
from gankit.launch.resume.find_checkpoint import last_good
from gankit.launch.resume.recorded_config import recorded
from gankit.launch.run import Run
from gankit.launch.same_in_all import SameState, check_same_start, share_state
from gankit.launch.training_time import TrainingTime
from gankit.launch.warm_start.warm_start import begin
from gankit.runs import LossLog, RunFolder, loss_log
from gankit.runs.checkpoints import read_manifest
from gankit.runs.warning_log import DIVERGED, STOPPED
from gankit.training import Callback, Callbacks, Progress, StopRequest, as_callbacks, fit


def launch(
    plan: ResolvedPlan,
    out: Path | None,
    *,
    resume: bool = False,
    callbacks: Callbacks = (),
    stop: Callable[[], bool] = lambda: False,
    tell: Tell = silent,
    tell_evaluations: Tell | None = None,
) -> Run:
    """Train in `out` or in memory; with `resume`, from the newest valid checkpoint.

    Parameters
    ----------
    tell
        Called with a line for what the run does.
    tell_evaluations
        Called with a line for each evaluation, while their classifier trains, and for the weights
        of another run; `tell` by default.

    In several processes, each calls it. Only the chief opens the folder, calls the callbacks and
    prints; the others take its state.

    Raises
    ------
    ConfigError
        `out` holds a run and `resume` is False, or the run has other settings.
    CheckpointError
        The weights to begin with do not fit.
    StorageError
        `out` cannot be written, or another process is writing to it.
    Diverged
        A number is not finite; the last good checkpoint stays.
    """
    plugins.check_settings(plan.config)
    chief = plan.problem.world.chief
    if out is not None and chief:
        check_folder(RunFolder(out), resume=resume)
    called = as_callbacks(callbacks)
    if chief:
        called += plugins.callbacks(plan.config, out)
    report = tell_evaluations or tell
    check_same_start(plan)
    plan, trainer = _build_trainer(plan, out if resume and chief else None)
    if plan.warm_start and chief:
        plan = dataclasses.replace(plan, warm_start=begin(plan.warm_start, trainer, report))
    if out is None or not chief:
        return _train(plan, trainer, None, 0, called, stop)
    folder = RunFolder(out)
    if not folder.exists():  # The lock, below, makes the folder.
        require_space(out, space_needed(plan, trainer, 0))
    reference = evaluate_callback.reference_of(plan, stop, report)
    with folder.lock():
        check_folder(folder, resume=resume)  # Another process may have begun a run.
        start = open_folder(folder, plan, trainer, tell)
        if start < plan.steps:
            tell(f"{plan.summary}, into {out}")
        evaluation = None
        if reference:
            evaluation = evaluate_callback.evaluation_callback(plan, folder, reference, report)
        return _train(plan, trainer, folder, start, called, stop, evaluation)


def _build_trainer(plan: ResolvedPlan, resumed: Path | None) -> tuple[ResolvedPlan, Trainer]:
    """Build the trainer; a resumed run gets its own device if that is available."""
    folder = RunFolder(resumed) if resumed else None
    if folder and folder.exists() and recorded(folder.path).device == plan.config.device:
        trainer, problem = devices.built(plan.backend, plan.problem, folder.path)
        return dataclasses.replace(plan, problem=problem), trainer
    return plan, plan.backend.trainer(plan.problem)


def _seconds_before(folder: RunFolder, step: int) -> float:
    """Return the seconds that a run trained up to its checkpoint of `step`; 0 if not recorded."""
    found = read_manifest(folder.checkpoints.path(step)).info.get(SECONDS, 0.0)
    return found if isinstance(found, int | float) and found > 0 else 0.0


def _save_start(callbacks: list[Callback], plan: ResolvedPlan, trainer: Trainer) -> None:
    """Save the weights that a run begins with: resuming it does not need the other run."""
    progress = Progress(0, np.empty((0, 2)), trainer, done=False, problem=plan.problem)
    for callback in callbacks:
        if isinstance(callback, Checkpoints):
            callback(progress)


def _train(
    plan: ResolvedPlan,
    trainer: Trainer,
    folder: RunFolder | None,
    start: int,
    callbacks: list[Callback],
    stop: Callable[[], bool],
    evaluation: Evaluations | None = None,
) -> Run:
    """Run the training loop, and return the run."""
    world = plan.problem.world
    start = world.of_chief(start)
    share_state(world, trainer)
    record = warning_recorder(folder)
    if start == 0 and world.chief:
        data, batch = plan.data, plan.config.batch
        warn_of_misuse(Start(plan.problem, trainer, data.images, plan.labels, batch), record)
    history = History()
    log = LossLog(folder.losses) if folder else None
    minutes = plan.config.minutes
    seconds = _seconds_before(folder, start) if folder and start else 0.0
    trained = TrainingTime(seconds, minutes)
    steps = start if world.any(trained.over()) else plan.steps
    own: list[Callback] = [history]
    if folder and log:
        own = folder_callbacks(plan, folder, log, evaluation, trained)
    if world.size > 1:
        own = [SameState(world, plan.config.checkpoint_every or plan.epoch), *own]
    if world.chief:
        before = loss_log.read(folder.losses) if folder and start else None
        data = plan.data
        watchdog = Watchdog(plan.problem, data.images, before, record=record, source=data.sources)
        own += [watchdog, *callbacks]
    request = StopRequest()
    try:
        if start == 0 and plan.warm_start:
            _save_start(own, plan, trainer)
        step = fit(
            trainer, plan.problem, plan.config.step_shape(), plan.data.images, plan.labels,
            plan.data.sources, steps=steps, start=start, callbacks=own, request=request,
            stop=lambda: stop() or trained.over() or launcher_ended(),
        )  # fmt: skip
    except Diverged as error:
        if folder:
            locked_folders.require(folder.path)  # If the folder was moved, so were its checkpoints.
        with suppress(StorageError):  # The divergence is more important.
            record(len(loss_log.read(folder.losses)) if folder else 0, f"{DIVERGED}{error}")
        raise Diverged(f"{error}; {last_good(folder)}") from error
    except DataError as error:  # The file of images has changed.
        raise DataError(f"{error}; {last_good(folder)}") from error
    finally:
        if log:
            log.close()
    if request.reason:
        record(step, f"{STOPPED}{request.reason}")
    losses = loss_log.read(folder.losses) if folder else history.losses()
    path, name = folder.path if folder else None, plan.backend.name
    names = plan.data.class_names
    return Run(
        plan.problem, trainer, step, losses, plan.config, path, name, names, plan, request.reason
    )
