"""Losses and grids of every run in Weights & Biases: offline, until WANDB_MODE=online."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from gankit import hookimpl

if TYPE_CHECKING:
    import wandb

    from gankit import TrainConfig
    from gankit.training import Progress

PROJECT = "gankit"


@hookimpl
def gankit_callbacks(config: TrainConfig, folder: Path | None) -> list[WandbLog]:
    """Offer a log to every run that has a folder; wandb is imported with the first step."""
    return [WandbLog(config, folder)] if folder else []


class WandbLog:
    """Hands each step's losses, and the grids that gankit draws, to a run of W&B.

    What is logged offline lies in `wandb` in the run's folder; `wandb sync` sends it. The W&B run
    bears the mark of gankit's, so a resumed run goes on in it; W&B keeps the first it is told of
    a step, and gankit would tell it the same again.
    """

    def __init__(self, config: TrainConfig, folder: Path) -> None:
        self.config, self.folder = config, folder
        self.run: wandb.Run | None = None

    def next_boundary(self, step: int, /) -> int:  # noqa: ARG002 - it is content with whichever blocks.
        """Ask for no edge."""
        from gankit.callbacks import never

        return never

    def __call__(self, progress: Progress, /) -> None:
        """Log the block's steps, and the grid if one was drawn after it."""
        import wandb

        from gankit.runs import RunFolder

        folder = RunFolder(self.folder)
        if self.run is None:
            self.run = self._begin(folder.mark)
        start = progress.step - len(progress.losses)
        grid = folder.sample_path(progress.step)
        for step, losses in enumerate(progress.losses.tolist(), start=start + 1):
            row = dict(zip(("loss/discriminator", "loss/generator"), losses, strict=True))
            if step == progress.step and grid.is_file():
                row["samples"] = wandb.Image(str(grid))
            self.run.log(row, step=step)
        if progress.done:
            self.run.finish()
            self.run = None

    def _begin(self, mark: str) -> wandb.Run:
        import wandb

        return wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            mode=os.environ.get("WANDB_MODE", "offline"),
            dir=self.folder,
            name=self.folder.name,
            id=mark,
            resume="allow",
            config=self.config.settings(),
            settings=wandb.Settings(silent=True, console="off", save_code=False),
        )
