"""A run with every name resolved: its backend, its images, its problem."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gankit import plugins
from gankit.config import TrainConfig
from gankit.contract import Backend, Problem
from gankit.data import ImageSet
from gankit.data.digests import sample
from gankit.launch.backends import choose_backend
from gankit.launch.image_size import check_shape, warn_of_losses
from gankit.launch.loss_digest import loss_digest
from gankit.launch.messages import Tell, silent
from gankit.launch.resuming import (
    recorded,
    telling_of_moved_images,
)
from gankit.launch.training_data import training_data
from gankit.losses import Loss
from gankit.runs import (
    RunFolder,
    environment,
)


@dataclass(frozen=True)
class Plan:
    """A run with every name resolved.

    Attributes
    ----------
    config
        Without any "auto" that names a backend or a data set.
    backend, data, problem
        What the names stand for.
    notes
        What was decided on the way, for `environment.json`.
    data_dir
        Where the user said that data lies.
    loss_digest
        What tells the loss from others: `gankit.launch.loss_digest`; None where it cannot be told.
    """

    config: TrainConfig
    backend: Backend
    data: ImageSet
    problem: Problem
    notes: dict[str, str]
    data_dir: Path | None = None
    loss_digest: str | None = None

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return self.config.total_steps(len(self.data))

    @property
    def summary(self) -> str:
        """What will be done, in one line."""
        config = self.config
        return (
            f"{config.recipe} on {len(self.data):,} images of {config.dataset} with "
            f"{config.backend}, seed {config.seed}: {self.steps:,} steps, {self.epoch} an epoch"
        )

    @cached_property
    def environment(self) -> dict[str, Any]:
        """What it runs on, looked up once: versions, platform, command line."""
        return environment()

    @property
    def epoch(self) -> int:
        """Steps of an epoch."""
        return self.config.epoch(len(self.data))

    @property
    def digests(self) -> dict[str, str]:
        """What tells its images and its loss from others, by the names that its records have."""
        loss = {"loss_digest": self.loss_digest} if self.loss_digest else {}
        data = self.data
        return {
            "data_digest": data.digest, "data_sample": sample(data.images, data.labels), **loss
        }  # fmt: skip


def resolve(
    config: TrainConfig,
    data_dir: Path | None = None,
    tell: Tell = silent,
    *,
    loss: Loss | None = None,
    backend: Backend | None = None,
    resumed: Path | None = None,
) -> Plan:
    """Turn names into things; what was "auto" is said and recorded.

    Parameters
    ----------
    loss, backend
        Given as objects, they stand for the names in `config`.
    resumed
        The folder of a run that goes on, if there is one in it.

    Raises
    ------
    UnknownName, BackendUnavailable, DataError, ConfigError
        A name that nothing answers to, or a thing that cannot be had or does not fit.
    """
    loss = loss or plugins.get_loss(config.loss)
    backend = choose_backend(backend or config.backend, tell)
    before = recorded(resumed).dataset if resumed and RunFolder(resumed).exists() else None
    with telling_of_moved_images(before if before == config.dataset else None):
        data = training_data(config, data_dir, tell)
    config = dataclasses.replace(data.config, backend=backend.name, loss=loss.name)
    check_shape(config, data.images)
    warn_of_losses(config)
    problem = config.problem(data.images.images.shape[1:], loss)
    return Plan(config, backend, data.images, problem, data.notes, data_dir, loss_digest(loss))
