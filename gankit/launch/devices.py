"""Choose the device of a run: the requested one, the run's own, or the best available."""

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
    """Return the requested device: the argument or `GANKIT_DEVICE`; None if neither is given."""
    return device or os.environ.get(VARIABLE) or None


def built(backend: Backend, problem: Problem, run: Path) -> tuple[Trainer, Problem]:
    """Build a run's trainer on the run's device; if that is not available, on the best, and warn.

    Parameters
    ----------
    problem
        With the device that the run was trained on.
    run
        The run's folder, named in the warning.

    Returns
    -------
    trainer, problem
        The trainer, and the problem with the device that it was built for.

    Raises
    ------
    ConfigError, BackendUnavailable
        The trainer cannot be built on any device.
    """
    try:
        return backend.trainer(problem), problem
    except ConfigError as error:
        if problem.device == AUTO:
            raise
        here = dataclasses.replace(problem, device=AUTO)
        try:
            trainer = backend.trainer(here)
        except GankitError:  # The device is not the reason.
            raise error from None
        warn(
            f"{run} was trained on device {problem.device!r}, which is not available; using the "
            f"best device of {backend.name} instead"
        )
        return trainer, here
