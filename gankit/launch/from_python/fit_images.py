"""Train networks on images in memory, in a folder or not."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from gankit import plugins
from gankit.contract import Backend, Problem
from gankit.data.memory_data import MEMORY, MemoryData
from gankit.launch.backends import choose_backend
from gankit.launch.from_python.fit_config import fit_config
from gankit.launch.from_python.folder_arguments import check_folder_arguments
from gankit.launch.from_python.launch_with_bar import launch_with_bar
from gankit.launch.open_folder import check_folder
from gankit.launch.resolved_plan import ResolvedPlan
from gankit.launch.resume.check_loss import check_digest
from gankit.launch.resume.loss_digest import loss_digest
from gankit.launch.run import Run
from gankit.launch.warm_start.init_from import InitFrom
from gankit.launch.warm_start.warm_start import warm_start
from gankit.losses import Loss
from gankit.runs import RunFolder
from gankit.training import Callbacks


def fit_images(
    data: MemoryData,
    problem: Problem,
    loss: Loss,
    backend: str | Backend,
    settings: dict[str, Any],
    *,
    test_images: MemoryData | None,
    warm: InitFrom | None,
    out: Path | None,
    resume: bool,
    progress: bool,
    callbacks: Callbacks,
) -> Run:
    """Train as `gankit.fit` does, with its errors.

    Parameters
    ----------
    loss
        The loss before label smoothing.
    settings
        Fields of `TrainConfig` that `problem` does not have, such as `steps`.
    warm
        The run to begin with, if any.
    """
    check_folder_arguments(out, settings, resume=resume)
    if out:
        check_folder(RunFolder(out), resume=resume)
    begun = warm_start(warm, out if resume else None)
    networks = {"generator": problem.generator, "discriminator": problem.discriminator}
    chosen = choose_backend(backend, networks=networks)
    problem = dataclasses.replace(problem, world=chosen.world())
    digest = loss_digest(loss)
    if out and plugins.losses().get(loss.name) is not loss:
        check_digest(loss.name, digest)
    config = fit_config(problem, loss, backend=chosen.name, dataset=MEMORY, **settings)
    plan = ResolvedPlan(
        config, chosen, data, problem, {"data": data.source}, None, digest, test_images, begun
    )
    return launch_with_bar(
        plan, out, resume=resume, progress=progress, callbacks=callbacks,
        resuming_call=f"gankit.fit(..., out={str(out)!r}, resume=True) and the same arguments",
    )  # fmt: skip
