"""Write losses, sample grids and checkpoints into a run's folder during training."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

from gankit._utils import atomic_files
from gankit.callbacks.boundaries import at_least_one, never, next_multiple
from gankit.contract import AnyLabels, Array, Trainer
from gankit.runs.checkpoints import CheckpointStore
from gankit.runs.folder import RunFolder
from gankit.runs.loss_log import LossLog
from gankit.training import Progress
from gankit.visual import images

COLUMNS = 5
Draw: TypeAlias = Callable[[Trainer], images.Pixels]
"""Returns a picture of what a trainer's networks make."""


class Losses:
    """Appends every block's losses to the log `log`, which the caller closes."""

    def __init__(self, log: LossLog) -> None:
        self.log = log

    def next_boundary(self, step: int, /) -> int:  # noqa: ARG002 - accepts any block.
        """Return `never`."""
        return never

    def __call__(self, progress: Progress, /) -> None:
        """Append the block's losses."""
        start = progress.step - len(progress.losses)
        self.log.append(start, progress.losses, progress.terms)


def noise_grid(noise: Array, labels: AnyLabels | None = None, names: Sequence[str] = ()) -> Draw:
    """Return a function that draws a grid of the same noise, with the averaged weights if any.

    Parameters
    ----------
    noise
        `(N, latent)` standard normal numbers.
    labels
        `(N,)` classes, for a class-conditional generator.
    names
        Labels of the grid's rows; empty for none.
    """

    def draw(trainer: Trainer) -> images.Pixels:
        picture = images.grid((trainer.average or trainer.generator)(noise, labels), COLUMNS)
        return images.with_names(picture, names) if names else picture

    return draw


class Samples:
    """Draws a picture of samples at intervals.

    Parameters
    ----------
    folder
        The run's folder; grids are written to its `samples`.
    draw
        Returns the picture of a trainer, such as `noise_grid(noise)`.
    steps_per_epoch
        Steps per epoch.
    every
        Epochs between grids; one is also drawn after epoch 1 and at the end.
    """

    def __init__(self, folder: RunFolder, draw: Draw, steps_per_epoch: int, every: int) -> None:
        at_least_one("steps_per_epoch", steps_per_epoch)
        at_least_one("every", every)
        self.folder = folder
        self.draw = draw
        self.first = steps_per_epoch
        self.interval = every * steps_per_epoch

    def next_boundary(self, step: int, /) -> int:
        """Return the end of epoch 1, or of the next epoch that is due."""
        return self.first if step < self.first else next_multiple(step, self.interval)

    def __call__(self, progress: Progress, /) -> None:
        """Draw a picture if it is due."""
        step = progress.step
        if step == self.first or step % self.interval == 0 or progress.done:
            picture = self.draw(progress.trainer)
            atomic_files.make_folder(self.folder.samples)
            images.write_png(self.folder.sample_path(step), picture)

    finish = __call__


class Checkpoints:
    """Saves the trainer's state, and removes the oldest checkpoints, but not the best.

    Parameters
    ----------
    store
        The store that saves them.
    every
        Steps between checkpoints; one is also saved at the end.
    keep
        How many of the newest checkpoints to keep.
    info
        Returns values for a manifest.
    log
        The log of losses. It is synced first, so that it has every step of a checkpoint. Its
        digest goes into each manifest as "log".
    best
        Returns the best of the given steps, if known. Its checkpoint is saved even if none is
        due, and is not removed.
    """

    def __init__(
        self,
        store: CheckpointStore,
        every: int,
        keep: int,
        info: Callable[[], Mapping[str, Any]],
        log: LossLog,
        best: Callable[[Collection[int]], int | None] | None = None,
    ) -> None:
        at_least_one("every", every)
        at_least_one("keep", keep)
        self.store = store
        self.every = every
        self.keep = keep
        self.info = info
        self.log = log
        self.best = best

    def next_boundary(self, step: int, /) -> int:
        """Return the next multiple of `every`."""
        return next_multiple(step, self.every)

    def __call__(self, progress: Progress, /) -> None:
        """Save a checkpoint if it is due."""
        step = progress.step
        due = step % self.every == 0 or progress.done
        if not due and (self.best is None or self.best({step}) is None):
            return  # Avoid reading the manifests after every block.
        best = self.best({*self.store.steps(), step}) if self.best else None
        if due or best == step:
            info = {**self.info(), "log": self.log.sync()}
            self.store.save(step, progress.trainer.state(), info)
            self.store.prune(self.keep, step, best)

    finish = __call__
