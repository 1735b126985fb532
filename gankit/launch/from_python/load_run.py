"""Load a run from its folder."""

from __future__ import annotations

import dataclasses
import os

import numpy as np

from gankit import plugins
from gankit._utils.paths import given
from gankit.contract import Backend, strip_prefix
from gankit.errors import CheckpointError
from gankit.followers import LOSS
from gankit.launch import devices
from gankit.launch.backends import choose_backend
from gankit.launch.messages import warn
from gankit.launch.resume.check_settings import check_unchanged
from gankit.launch.resume.find_checkpoint import load_best, passed_over
from gankit.launch.resume.recorded_config import recorded
from gankit.launch.run import Run
from gankit.losses import absent
from gankit.runs import Checkpoint, RunFolder, class_names, loss_log
from gankit.runs.loss_history import LossHistory


def load_run(
    folder: str | os.PathLike[str],
    backend: str | Backend | None,
    *,
    best: bool,
    device: str | None,
) -> Run:
    """Load a run as `gankit.load` does, with its arguments and errors."""
    run = RunFolder.open(given(folder, "folder"))
    config = recorded(run.path)
    checkpoint = load_best(run) if best else run.checkpoints.newest_valid(passed_over)
    if checkpoint is None:
        raise CheckpointError(f"{folder} has no valid checkpoint; train on, or choose another run")
    check_unchanged(config, checkpoint, run.path)
    scalars = strip_prefix(checkpoint.state, LOSS)
    loss = plugins.losses().get(config.loss) or absent(config.loss, scalars)
    problem = config.problem(config.image_shape, loss)
    chosen = choose_backend(backend or config.backend)
    if requested := devices.wanted(device):
        problem = dataclasses.replace(problem, device=requested)
        trainer = chosen.trainer(problem)
    else:
        trainer, problem = devices.built(chosen, problem, run.path)
    trainer.load_state(checkpoint.state)
    losses, names = _losses(run, checkpoint), class_names.read(run.classes)
    return Run(problem, trainer, checkpoint.step, losses, config, run.path, chosen.name, names)


def _losses(run: RunFolder, checkpoint: Checkpoint) -> LossHistory:
    """Return the losses up to a checkpoint; if the log is damaged, warn and end before it."""
    try:
        losses, damage = loss_log.read_valid(run.losses)
        damage = damage or loss_log.fault(run.losses, checkpoint.info.get("log"))
    except CheckpointError as error:
        losses, damage = np.empty((0, 2)), str(error)
    if damage:
        warn(f"{damage}; only the history needs it")
    return LossHistory(losses[: checkpoint.step])
