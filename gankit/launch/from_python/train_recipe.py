"""Train a recipe, in a folder or in memory."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from gankit import plugins
from gankit._utils.child_group import is_launcher
from gankit._utils.start_variables import started
from gankit.callbacks.display import Screen
from gankit.callbacks.download_bar import downloads_shown
from gankit.config import AUTO, TrainConfig, layering
from gankit.config.settings import Settings
from gankit.data.memory_data import MEMORY
from gankit.errors import ConfigError, shown
from gankit.launch import devices
from gankit.launch.advice import advice
from gankit.launch.expected_images import Loaded
from gankit.launch.from_python.folder_arguments import check_folder_arguments
from gankit.launch.from_python.launch_with_bar import launch_with_bar
from gankit.launch.from_python.named_settings import named_settings
from gankit.launch.from_python.read_given import read_given
from gankit.launch.from_python.several_processes import check_arguments, train_in_processes
from gankit.launch.layered_sources import layered_sources
from gankit.launch.messages import Tell, silent
from gankit.launch.open_folder import check_folder
from gankit.launch.resolved_plan import resolve
from gankit.launch.resume.check_loss import check_digest, check_loss_known
from gankit.launch.run import Run
from gankit.launch.warm_start.init_from import InitFrom
from gankit.launch.warm_start.warm_start import warm_start
from gankit.runs import RunFolder
from gankit.training import Callbacks, as_callbacks


def train_recipe(
    recipe: str | os.PathLike[str] | None,
    out: Path | None,
    data_dir: Path | None,
    settings: Settings,
    *,
    warm: InitFrom | None,
    resume: bool,
    processes: int,
    progress: bool,
    callbacks: Callbacks,
) -> Run:
    """Train as `gankit.train` does, with its arguments and errors.

    Parameters
    ----------
    warm
        The run to begin with, if any.
    """
    if recipe is not None and not isinstance(recipe, str | os.PathLike):
        raise ConfigError(f"recipe: got {shown(recipe)}; expected a name, or the path of a file")
    check_folder_arguments(out, settings, resume=resume)
    called = as_callbacks(callbacks)
    resumed = out if resume else None
    if out:
        check_folder(RunFolder(out), resume=resume)
    named = named_settings(settings)
    launches = is_launcher(processes)
    if launches:
        check_arguments(processes, out, named, callbacks if called else None)
    progress = progress and started().rank == 0
    tell = Screen(plain=True).write if progress else silent
    loaded: Loaded = {}
    if named.images is not None:  # Reading may take long: other settings are checked first.
        checked = _config(
            recipe, named.settings | {"dataset": AUTO}, resumed, warm, None, {}, silent
        )
        loaded[MEMORY] = read_given(named.images, options=checked.images, progress=progress)
    with downloads_shown() if progress else nullcontext():
        config = _config(recipe, named.settings, resumed, warm, data_dir, loaded, tell)
    if resumed and not named.loss:
        check_loss_known(resumed, config)
    where = f", data_dir={str(data_dir)!r}" if data_dir else ""
    where += f", processes={processes}" if launches else ""
    resuming_call = f"gankit.train(out={str(out)!r}, resume=True{where})"
    if launches and out is not None:
        return train_in_processes(
            processes, config, out, data_dir, warm,
            resume=resume, progress=progress, resuming_call=resuming_call,
        )  # fmt: skip
    begun = warm_start(warm, resumed)
    with downloads_shown() if progress else nullcontext():
        plan = resolve(
            config, data_dir,
            loss=named.loss, backend=named.backend, resumed=resumed, warm=begun, loaded=loaded,
        )  # fmt: skip
    if not resumed:
        for line in advice(plan):
            tell(line)
    if named.loss and out:
        check_digest(named.loss.name, plan.loss_digest)
    return launch_with_bar(
        plan, out, resume=resume, progress=progress, callbacks=called, resuming_call=resuming_call
    )


def _config(
    recipe: str | os.PathLike[str] | None,
    named: dict[str, Any],
    resumed: Path | None,
    warm: InitFrom | None,
    data_dir: Path | None,
    loaded: Loaded,
    tell: Tell,
) -> TrainConfig:
    """Return the configuration: the recipe's or the resumed run's settings, then `named`."""
    name, device = None if recipe is None else os.fspath(recipe), devices.wanted()
    environment = layering.from_environment({devices.VARIABLE: device} if device else {})
    rest = [*environment, ("train(...)", named)]
    sources = layered_sources(
        name, rest, run=resumed, warm=warm, data_dir=data_dir, loaded=loaded, tell=tell
    )
    return layering.config_of(sources, plugins.get_penalty)
