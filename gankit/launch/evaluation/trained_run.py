# ruff: noqa: D102 - gankit.Run documents them.
"""What evaluation, saving and the notebook need of a run; `gankit.Run` has all of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from gankit.config import TrainConfig
from gankit.contract import AnyLabels, Array, Generator, Labels, Problem, Trainer
from gankit.launch.resolved_plan import ResolvedPlan
from gankit.runs.loss_history import LossHistory
from gankit.visual.images import Picture


class Trained(Protocol):
    """A trained generator with its history; each member is documented at `gankit.Run`."""

    @property
    def problem(self) -> Problem: ...
    @property
    def trainer(self) -> Trainer: ...
    @property
    def generator(self) -> Generator: ...
    @property
    def step(self) -> int: ...
    @property
    def history(self) -> LossHistory: ...
    @property
    def config(self) -> TrainConfig | None: ...
    @property
    def folder(self) -> Path | None: ...
    @property
    def class_names(self) -> tuple[str, ...]: ...
    @property
    def plan(self) -> ResolvedPlan | None: ...
    def chunks(
        self,
        n: int,
        seed: int = 0,
        labels: AnyLabels | None = None,
        *,
        source: NDArray[Any] | None = None,
    ) -> Iterator[Array]: ...
    def each_class(self, n: int) -> Labels: ...
    def grid(
        self,
        n: int = 25,
        seed: int = 0,
        labels: Labels | None = None,
        *,
        columns: int | None = None,
        scale: int = 2,
    ) -> Picture: ...
