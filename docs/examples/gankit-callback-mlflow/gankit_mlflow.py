"""Log the losses and grids of every run in MLflow: in a database beside the run or on a server."""

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

TRACKING_URI = "MLFLOW_TRACKING_URI"
EXPERIMENT = "gankit"
LOSSES = ("loss/discriminator", "loss/generator")
MOST_METRICS = 1000
"""The most numbers that MLflow accepts in one call."""


@hookimpl
def gankit_callbacks(config: TrainConfig, folder: Path | None) -> list[MlflowLog]:
    """Return a log for every run with a folder; MLflow is imported with the first step."""
    return [MlflowLog(config, folder)] if folder else []


class MlflowLog:
    """Logs the losses of each step and the sample grids in an MLflow run.

    The server is MLFLOW_TRACKING_URI. Without it, losses go into `mlflow.db` in the run's folder,
    and grids into its folder `mlflow`. A tag of the MLflow run has the mark of gankit's run, so
    that a resumed run continues it. Steps that are repeated after a resume are not logged again,
    because their numbers are equal.
    """

    def __init__(self, config: TrainConfig, folder: Path) -> None:
        self.config, self.folder = config, folder.absolute()
        self.id = ""
        self.logged_steps = 0

    def next_boundary(self, step: int, /) -> int:  # noqa: ARG002 - accepts any block.
        """Return `never`."""
        from gankit.callbacks import never

        return never

    def __call__(self, progress: Progress, /) -> None:
        """Log the losses of the block's steps, and the grid if one was drawn after it."""
        from gankit.runs import RunFolder

        client = self._client()
        if not self.id:
            self._begin(client, RunFolder(self.folder).mark)
        numbers = self._numbers(progress)
        for i in range(0, len(numbers), MOST_METRICS):
            client.log_batch(self.id, metrics=numbers[i : i + MOST_METRICS])
        grid = RunFolder(self.folder).sample_path(progress.step)
        if grid.is_file():
            client.log_artifact(self.id, str(grid), "samples")
        if progress.done:
            self.finish(progress)

    def finish(self, _progress: Progress, /) -> None:
        """End the run of MLflow, also if another callback stops the training."""
        if self.id:
            self._client().set_terminated(self.id)
            self.id = ""

    def _client(self) -> MlflowClient:
        from mlflow import MlflowClient

        return MlflowClient(
            os.environ.get(TRACKING_URI) or f"sqlite:///{self.folder / 'mlflow.db'}"
        )

    def _numbers(self, progress: Progress) -> list:
        from mlflow.entities import Metric

        now, start = int(time.time() * 1000), progress.step - len(progress.losses)
        columns = dict(zip(LOSSES, progress.losses.T, strict=True))
        columns |= {f"loss/{name}": values for name, values in progress.terms.items()}
        return [
            Metric(name, value, now, step)
            for name, values in columns.items()
            for step, value in enumerate(values.tolist(), start=start + 1)
            if step > self.logged_steps
        ]

    def _begin(self, client: MlflowClient, mark: str) -> None:
        """Find the MLflow run with this mark, or create one."""
        grids = None if os.environ.get(TRACKING_URI) else (self.folder / "mlflow").as_uri()
        known = client.get_experiment_by_name(EXPERIMENT)
        experiment = known.experiment_id if known else client.create_experiment(EXPERIMENT, grids)
        found = client.search_runs([experiment], f"tags.gankit = '{mark}'")
        if found:
            self.id = found[0].info.run_id
            history = client.get_metric_history(self.id, LOSSES[0])
            self.logged_steps = max((metric.step for metric in history), default=0)
            client.update_run(self.id, status="RUNNING")
            return
        name, tags = self.folder.name, {"gankit": mark}
        self.id = client.create_run(experiment, run_name=name, tags=tags).info.run_id
        self.logged_steps = 0
        for key in ("recipe", "dataset", "backend", "loss", "batch", "seed"):
            client.log_param(self.id, key, getattr(self.config, key))
