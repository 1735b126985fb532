"""A run with every name resolved: backend, images and problem."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gankit import plugins
from gankit._text import counted
from gankit.conditions import scaled
from gankit.config import TrainConfig
from gankit.contract import AnyLabels, Backend, Problem
from gankit.data import ImageSet
from gankit.data.digests import sample
from gankit.data.memory_data import origin
from gankit.launch.backends import choose_backend
from gankit.launch.checks.image_size import check_shape, warn_of_lost_detail
from gankit.launch.kept_labels import check_attributes, check_unlabelled, kept_labels
from gankit.launch.messages import Tell, silent
from gankit.launch.resume.loss_digest import loss_digest
from gankit.launch.resume.recorded_config import recorded
from gankit.launch.resume.run_images import hint_at_moved_images
from gankit.launch.training_data import training_data
from gankit.launch.warm_start.warm_start import RECORD, WarmStart
from gankit.losses import Loss
from gankit.runs import RunFolder, environment


@dataclass(frozen=True)
class ResolvedPlan:
    """A run with every name resolved.

    Attributes
    ----------
    config
        The configuration, with "auto" replaced by the backend and the data set.
    backend, data, problem
        The objects that the configuration names.
    notes
        Decisions to record in `environment.json`.
    data_dir
        Folder of data sets that the user gave.
    loss_digest
        Digest of the loss from `gankit.launch.resume.loss_digest`, or None.
    test_images
        Held-out images that a program gave; None for those of the data set, if it has any.
    warm_start
        The checkpoint of another run that this one begins with, if any.
    """

    config: TrainConfig
    backend: Backend
    data: ImageSet
    problem: Problem
    notes: dict[str, str]
    data_dir: Path | None = None
    loss_digest: str | None = None
    test_images: ImageSet | None = None
    warm_start: WarmStart | None = None

    def __post_init__(self) -> None:
        """Raise ConfigError unless the labels fit the problem."""
        for name in ("labelled", "labelled_share"):
            if (count := getattr(self.config, name)) is not None:
                check_unlabelled(self.problem, name, count)
        if self.problem.label_format:
            self.problem.label_format.check(self.labels, len(self.data))
        check_attributes(self.problem)

    @cached_property
    def labels(self) -> AnyLabels | None:
        """The labels to train with: scaled vectors, or classes, -1 for those that are not kept."""
        labels, count = self.data.labels, self.config.labelled
        if labels is not None and self.problem.conditions:
            return scaled(self.problem.conditions, labels)
        if labels is None or count is None:
            return labels
        return kept_labels(
            np.asarray(labels, np.int64), count, self.problem.classes, self.config.seed
        )

    @property
    def steps(self) -> int:
        """Number of steps of the run."""
        return self.config.total_steps(len(self.data))

    @property
    def summary(self) -> str:
        """Description of the run, in one line."""
        config, images = self.config, len(self.data)
        one_pass = math.ceil(images / config.batch)
        other = f" (a pass over the images is {one_pass:,})" if self.epoch != one_pass else ""
        return (
            f"{config.recipe} on {counted(images, 'image')} {origin(config.dataset)} with "
            f"{config.backend}, seed {config.seed}: {counted(self.steps, 'step')}, "
            f"{self.epoch} an epoch{other}"
        )

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Versions, platform and command line, read once."""
        return environment()

    @property
    def epoch(self) -> int:
        """Steps of an epoch."""
        return self.config.epoch(len(self.data))

    @property
    def records(self) -> dict[str, Any]:
        """What a run records of its start: its images, and what it begins with, if anything."""
        begun = {RECORD: dict(self.warm_start.record)} if self.warm_start else {}
        return {"images": len(self.data)} | self.digests | begun

    @property
    def digests(self) -> dict[str, str]:
        """Digests of the images and the loss, by their names in records."""
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
    warm: WarmStart | None = None,
    loaded: dict[str, ImageSet] | None = None,
) -> ResolvedPlan:
    """Resolve all names; what "auto" became is printed and recorded.

    Parameters
    ----------
    loss, backend
        Objects that replace the names in `config`.
    resumed
        The folder of a resumed run, if any.
    warm
        The checkpoint of another run to begin with, if any.
    loaded
        As in `training_data`.

    Raises
    ------
    UnknownName, BackendUnavailable, DataError, ConfigError
        A name is unknown, or its object cannot be loaded or does not fit.
    """
    config.check_no_native()
    loss = loss or plugins.get_loss(config.loss)
    backend = choose_backend(backend or config.backend, tell)
    world = backend.world()
    continued = resumed is not None and RunFolder(resumed).exists()
    before = recorded(resumed).dataset if resumed and continued else None
    with hint_at_moved_images(before if before == config.dataset else None):
        data = training_data(config, data_dir, tell, loaded)
    config = dataclasses.replace(data.config, backend=backend.name, loss=loss.name)
    check_shape(config, data.images, resumed=continued)
    warn_of_lost_detail(config)
    problem = config.problem(data.images.images.shape[1:], loss)
    problem = dataclasses.replace(problem, world=world)
    return ResolvedPlan(
        config, backend, data.images, problem, data.notes, data_dir, loss_digest(loss),
        warm_start=warm,
    )  # fmt: skip
