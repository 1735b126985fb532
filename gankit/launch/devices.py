"""Which device a run is opened on: the one asked for, or the run's own where it is here."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from gankit.config import AUTO
from gankit.contract import Backend, Problem, Trainer
from gankit.errors import ConfigError, GankitError
from gankit.launch.messages import warn

VARIABLE = "GANKIT_DEVICE"


def wanted(device: str | None = None) -> str | None:
    """Return the device that is asked for: the argument, or `GANKIT_DEVICE`; None for neither."""
    return device or os.environ.get(VARIABLE) or None


def built(backend: Backend, problem: Problem, run: Path) -> tuple[Trainer, Problem]:
    """Build the trainer of a run on the run's device, or on the best one here, with a warning.

    Parameters
    ----------
    problem
        With the device that the run was trained on.
    run
        The run's folder, which the warning names.

    Returns
    -------
    trainer, problem
        The trainer, and the problem with the device that it was built for.

    Raises
    ------
    ConfigError, BackendUnavailable
        It cannot be built on any device.
    """
    try:
        return backend.trainer(problem), problem
    except ConfigError as error:
        if problem.device == AUTO:
            raise
        here = dataclasses.replace(problem, device=AUTO)
        try:
            trainer = backend.trainer(here)
        except GankitError:  # So the device was not to blame.
            raise error from None
        warn(
            f"{run} was trained on device {problem.device!r}, which is not here; it is opened on "
            f"the best device of {backend.name} instead"
        )
        return trainer, here
