"""Load a run from its folder."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping

from gankit import plugins
from gankit._utils.paths import given
from gankit.config import TrainConfig
from gankit.contract import Backend, Native, strip_prefix
from gankit.errors import CheckpointError, ConfigError, shown
from gankit.followers import LOSS
from gankit.launch import devices
from gankit.launch.backends import choose_backend
from gankit.launch.folder_callbacks import IMAGE_SHAPE
from gankit.launch.from_python.load_pretrained import load_pretrained
from gankit.launch.messages import warn
from gankit.launch.resume.check_settings import check_unchanged
from gankit.launch.resume.find_checkpoint import load_best, newest
from gankit.launch.resume.recorded_config import recorded
from gankit.launch.run import Run
from gankit.layers import Shape
from gankit.losses import absent
from gankit.pretrained.shipped import find
from gankit.runs import Checkpoint, RunFolder, class_names, loss_log
from gankit.runs.loss_history import LossHistory


def load_run(
    folder: str | os.PathLike[str],
    backend: str | Backend | None,
    *,
    best: bool,
    device: str | None,
    networks: Mapping[str, Native] | None = None,
) -> Run:
    """Load a run as `gankit.load` does, with its arguments and errors.

    Parameters
    ----------
    networks
        The native networks that are given, by "generator" and "discriminator".
    """
    if shipped := find(folder):
        _check_native(networks or {}, shipped.config)
        return load_pretrained(shipped, backend, best=best, device=device)
    run = RunFolder.open(given(folder, "folder"))
    config = recorded(run.path)
    checkpoint = load_best(run) if best else newest(run)
    if checkpoint is None:
        raise CheckpointError(f"{folder} has no valid checkpoint; train on, or choose another run")
    check_unchanged(config, checkpoint, run.path)
    scalars = strip_prefix(checkpoint.state, LOSS)
    loss = plugins.losses().get(config.loss) or absent(config.loss, scalars)
    native = networks or {}
    _check_native(native, config)
    shape = _shape_of_images(checkpoint) if native else config.image_shape
    problem = config.problem(shape, loss, native)
    both = {"generator": problem.generator, "discriminator": problem.discriminator}
    chosen = choose_backend(backend or config.backend, networks=both)
    if requested := devices.wanted(device):
        problem = dataclasses.replace(problem, device=requested)
        trainer = chosen.trainer(problem)
    else:
        trainer, problem = devices.built(chosen, problem, run.path)
    trainer.load_state(checkpoint.state)
    losses, names = _losses(run, checkpoint), class_names.read(run.classes)
    return Run(problem, trainer, checkpoint.step, losses, config, run.path, chosen.name, names)


def _check_native(native: Mapping[str, Native], config: TrainConfig) -> None:
    """Raise ConfigError for a network that is given although the run has layers in its place."""
    for role, network in native.items():
        if not getattr(config, role).native:
            raise ConfigError(
                f"{role}: got {shown(network)}, but this run has layers, which gankit builds; "
                f"leave out {role}="
            )


def _shape_of_images(checkpoint: Checkpoint) -> Shape:
    """Return the recorded `(height, width, channels)`."""
    shape = checkpoint.info.get(IMAGE_SHAPE)
    if not isinstance(shape, list) or not all(type(side) is int for side in shape):
        raise CheckpointError(
            f"{checkpoint.path} has no {IMAGE_SHAPE}; resume the run by gankit.fit"
        )
    return tuple(shape)


def _losses(run: RunFolder, checkpoint: Checkpoint) -> LossHistory:
    """Return the losses up to a checkpoint; if the log is damaged, warn and end before it."""
    try:
        losses, damage = loss_log.read_valid(run.losses)
        damage = damage or loss_log.fault(run.losses, checkpoint.info.get("log"))
    except CheckpointError as error:
        losses, damage = LossHistory([]), str(error)
    if damage:
        warn(f"{damage}; only the history needs it")
    return losses.until(checkpoint.step)
