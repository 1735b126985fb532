"""Log the losses and grids of every run in Weights & Biases, offline unless WANDB_MODE=online."""

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
    """Return a log for every run with a folder; wandb is imported with the first step."""
    return [WandbLog(config, folder)] if folder else []


class WandbLog:
    """Logs the losses of each step and the sample grids in a W&B run.

    The offline log is in the folder `wandb` of the run's folder; `wandb sync` sends it. The id of
    the W&B run is the mark of gankit's run, so that a resumed run continues it. W&B ignores steps
    that are repeated after a resume; their numbers are equal.
    """

    def __init__(self, config: TrainConfig, folder: Path) -> None:
        self.config, self.folder = config, folder
        self.run: wandb.Run | None = None

    def next_boundary(self, step: int, /) -> int:  # noqa: ARG002 - accepts any block.
        """Return `never`."""
        from gankit.callbacks import never

        return never

    def __call__(self, progress: Progress, /) -> None:
        """Log the losses of the block's steps, and the grid if one was drawn after it."""
        import wandb

        from gankit.runs import RunFolder

        folder = RunFolder(self.folder)
        if self.run is None:
            self.run = self._begin(folder.mark)
        start = progress.step - len(progress.losses)
        grid = folder.sample_path(progress.step)
        for step, losses in enumerate(progress.losses.tolist(), start=start + 1):
            row = dict(zip(("loss/discriminator", "loss/generator"), losses, strict=True))
            row |= {
                f"loss/{name}": value[step - start - 1] for name, value in progress.terms.items()
            }
            if step == progress.step and grid.is_file():
                row["samples"] = wandb.Image(str(grid))
            self.run.log(row, step=step)
        if progress.done:
            self.finish(progress)

    def finish(self, _progress: Progress, /) -> None:
        """End the run of W&B, also if another callback stops the training."""
        if self.run is not None:
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
