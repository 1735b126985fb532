"""What a run leaves in its folder while it trains."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from gankit._utils import atomic_files
from gankit.callbacks.boundaries import at_least_one, never, next_multiple
from gankit.contract import Array, Labels
from gankit.runs.checkpoints import CheckpointStore
from gankit.runs.folder import RunFolder
from gankit.runs.loss_log import MetricsLog
from gankit.training import Progress
from gankit.visual import images

COLUMNS = 5


class Metrics:
    """Appends every block's losses to a log, `log`, which somebody else closes."""

    def __init__(self, log: MetricsLog) -> None:
        self.log = log

    def next_boundary(self, step: int, /) -> int:  # noqa: ARG002 - any block will do.
        """Ask for no edge."""
        return never

    def __call__(self, progress: Progress, /) -> None:
        """Write the block's steps."""
        self.log.append(progress.step - len(progress.losses), progress.losses)


class Samples:
    """Draws a grid of what the generator makes of the same noise, again and again.

    Parameters
    ----------
    folder
        Its `samples` get the pictures.
    noise
        `(N, latent)` standard normal numbers.
    steps_per_epoch
        Steps.
    every
        Epochs from one picture to the next; there is one after epoch 1 and at the end too.
    labels
        `(N,)` classes, where the generator looks at any.
    names
        What each row of a picture shows, to be written beside it; empty for nothing.
    """

    def __init__(
        self,
        folder: RunFolder,
        noise: Array,
        steps_per_epoch: int,
        every: int,
        labels: Labels | None = None,
        names: Sequence[str] = (),
    ) -> None:
        at_least_one("steps_per_epoch", steps_per_epoch)
        at_least_one("every", every)
        self.folder = folder
        self.noise = noise
        self.labels = labels
        self.names = names
        self.first = steps_per_epoch
        self.interval = every * steps_per_epoch

    def next_boundary(self, step: int, /) -> int:
        """Return the end of epoch 1, or of the next that is due."""
        return self.first if step < self.first else next_multiple(step, self.interval)

    def __call__(self, progress: Progress, /) -> None:
        """Draw, where that is due; with the averaged weights, where there are any."""
        step, trainer = progress.step, progress.trainer
        if step == self.first or step % self.interval == 0 or progress.done:
            generator = trainer.generator if trainer.average is None else trainer.average
            picture = images.grid(generator(self.noise, self.labels), COLUMNS)
            if self.names:
                picture = images.with_names(picture, self.names)
            atomic_files.make_folder(self.folder.samples)
            images.write_png(self.folder.sample_path(step), picture)


class Checkpoints:
    """Saves the trainer's state, and removes the oldest, but never the best.

    Parameters
    ----------
    store
        Where to.
    every
        Steps from one checkpoint to the next; there is one at the end too.
    keep
        How many of the newest stay.
    info
        What to write into each manifest.
    log
        The metrics; synced first, so that no checkpoint is ahead of them. Its digest goes into
        each manifest as "log".
    best
        Says which of the given steps is the best, where that is known: it is saved though no
        checkpoint be due, and stays beside the newest.
    """

    def __init__(
        self,
        store: CheckpointStore,
        every: int,
        keep: int,
        info: Mapping[str, Any],
        log: MetricsLog,
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
        """Return the next multiple."""
        return next_multiple(step, self.every)

    def __call__(self, progress: Progress, /) -> None:
        """Save, where that is due."""
        step = progress.step
        due = step % self.every == 0 or progress.done
        if not due and (self.best is None or self.best({step}) is None):
            return  # Without reading the manifests on the disk after every block.
        best = self.best({*self.store.steps(), step}) if self.best else None
        if due or best == step:
            info = {**self.info, "log": self.log.sync()}
            self.store.save(step, progress.trainer.state(), info)
            self.store.prune(self.keep, step, best)
