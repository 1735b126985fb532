"""Losses and grids of every run in MLflow: in a database beside the run, or on a server."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gankit import hookimpl

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from gankit import TrainConfig
    from gankit.training import Progress

PLACE = "MLFLOW_TRACKING_URI"
EXPERIMENT = "gankit"
LOSSES = ("loss/discriminator", "loss/generator")
MOST = 1000
"""Numbers that MLflow takes in one call."""


@hookimpl
def gankit_callbacks(config: TrainConfig, folder: Path | None) -> list[MlflowLog]:
    """Offer a log to every run that has a folder; MLflow is imported with the first step."""
    return [MlflowLog(config, folder)] if folder else []


class MlflowLog:
    """Hands each step's losses, and the grids that gankit draws, to an MLflow run.

    MLFLOW_TRACKING_URI says where to; without it, into `mlflow.db` in the run's folder, and the
    grids into `mlflow` there. A tag has the mark of gankit's run, so a resumed run goes on in
    MLflow's, and is not told twice of steps that are done again: their numbers are the same.
    """

    def __init__(self, config: TrainConfig, folder: Path) -> None:
        self.config, self.folder = config, folder.absolute()
        self.id = ""
        self.told = 0

    def next_boundary(self, step: int, /) -> int:  # noqa: ARG002 - it is content with whichever blocks.
        """Ask for no edge."""
        from gankit.callbacks import never

        return never

    def __call__(self, progress: Progress, /) -> None:
        """Log the block's steps, and the grid if one was drawn after it."""
        from mlflow import MlflowClient

        from gankit.runs import RunFolder

        client = MlflowClient(os.environ.get(PLACE) or f"sqlite:///{self.folder / 'mlflow.db'}")
        if not self.id:
            self._begin(client, RunFolder(self.folder).mark)
        numbers = self._numbers(progress)
        for i in range(0, len(numbers), MOST):
            client.log_batch(self.id, metrics=numbers[i : i + MOST])
        grid = RunFolder(self.folder).sample_path(progress.step)
        if grid.is_file():
            client.log_artifact(self.id, str(grid), "samples")
        if progress.done:
            client.set_terminated(self.id)
            self.id = ""

    def _numbers(self, progress: Progress) -> list:
        from mlflow.entities import Metric

        now, start = int(time.time() * 1000), progress.step - len(progress.losses)
        return [
            Metric(name, loss, now, step)
            for step, losses in enumerate(progress.losses.tolist(), start=start + 1)
            for name, loss in zip(LOSSES, losses, strict=True)
            if step > self.told
        ]

    def _begin(self, client: MlflowClient, mark: str) -> None:
        """Find MLflow's run of this mark, or make one."""
        place = None if os.environ.get(PLACE) else (self.folder / "mlflow").as_uri()
        known = client.get_experiment_by_name(EXPERIMENT)
        experiment = known.experiment_id if known else client.create_experiment(EXPERIMENT, place)
        found = client.search_runs([experiment], f"tags.gankit = '{mark}'")
        if found:
            self.id = found[0].info.run_id
            history = client.get_metric_history(self.id, LOSSES[0])
            self.told = max((metric.step for metric in history), default=0)
            client.update_run(self.id, status="RUNNING")
            return
        name, tags = self.folder.name, {"gankit": mark}
        self.id = client.create_run(experiment, run_name=name, tags=tags).info.run_id
        self.told = 0
        for key in ("recipe", "dataset", "backend", "loss", "batch", "seed"):
            client.log_param(self.id, key, getattr(self.config, key))
