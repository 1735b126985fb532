"""Load a generator that gankit ships as a run."""

from __future__ import annotations

import dataclasses

import numpy as np

from gankit import plugins
from gankit.contract import Backend
from gankit.errors import ConfigError
from gankit.launch import devices
from gankit.launch.backends import choose_backend
from gankit.launch.run import Run
from gankit.pretrained.shipped import Pretrained
from gankit.runs.loss_history import LossHistory

BACKEND = "numpy"
"""The backend that computes unless another is named: it needs no framework."""


def load_pretrained(
    shipped: Pretrained, backend: str | Backend | None, *, best: bool, device: str | None
) -> Run:
    """Return a run in memory whose generator has the shipped weights; its discriminator is new.

    Raises
    ------
    ConfigError
        `best` is True; or as of `gankit.load`.
    """
    if best:
        raise ConfigError(f"{shipped} has one checkpoint; leave out --best (in Python best=True)")
    config = shipped.config
    problem = config.problem(config.image_shape, plugins.get_loss(config.loss))
    chosen = choose_backend(backend or BACKEND)
    problem = dataclasses.replace(problem, device=devices.wanted(device) or "auto")
    trainer = chosen.trainer(problem)
    trainer.load_state(trainer.state() | shipped.state())
    none = LossHistory(np.zeros((0, 2)))
    return Run(problem, trainer, shipped.step, none, config, None, chosen.name, shipped.class_names)
