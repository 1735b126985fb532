"""Show a sample grid and the losses in a notebook during training."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from gankit.callbacks.boundaries import at_least_one, never
from gankit.callbacks.history import History
from gankit.callbacks.notebook_cell import cell
from gankit.contract.sample_noise import sample_noise
from gankit.training import Progress
from gankit.visual import images, notebook

PAUSE_SECONDS = 1.0
"""The least time between two updates."""
TIME_SHARE = 0.05
"""The largest share of a run's time for updates."""
OUTSIDE_NOTEBOOK = "live pictures are shown in notebooks only"


class Live:
    """Shows samples of the same noise, and the losses, in a notebook's cell.

    It changes no number and sets no boundary. The time between updates depends on their cost, so
    that they take at most 5 % of the time. Outside a notebook it only prints one line.

    Parameters
    ----------
    n
        Number of images; in a class-conditional run, of each class in turn.
    seed
        Seed of the noise, as in `Run.sample`.
    columns
        Columns of the grid.
    show
        Called with HTML that replaces the last; a notebook's cell by default.
    clock
        Returns seconds.
    """

    def __init__(
        self,
        n: int = 25,
        seed: int = 0,
        columns: int = 5,
        show: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        at_least_one("n", n)
        at_least_one("columns", columns)
        self.n, self.seed, self.columns = n, seed, columns
        self._show = show or cell()
        self._clock = clock
        self._next = 0.0
        self._history = History()
        if self._show is None and sys.stderr is not None:  # To `print`, None is standard output.
            print(f"gankit: {OUTSIDE_NOTEBOOK}", file=sys.stderr)

    def next_boundary(self, _step: int, /) -> int:
        """Return `never`."""
        return never

    def __call__(self, progress: Progress, /) -> None:
        """Update the cell if it is due."""
        if self._show is None:
            return
        self._history(progress)
        began = self._clock()
        if began < self._next and not progress.done:
            return
        self.finish(progress)
        ended = self._clock()
        self._next = ended + max(PAUSE_SECONDS, (ended - began) / TIME_SHARE)

    def finish(self, progress: Progress, /) -> None:
        """Update the cell."""
        if self._show is not None:
            losses = self._history.losses()
            self._show(notebook.of_progress(progress.step, losses, self._picture(progress)))

    def _picture(self, progress: Progress) -> images.Picture | None:
        """Return a grid of images; None if the generator takes sources, which are not here."""
        problem, trainer = progress.problem, progress.trainer
        assert problem is not None  # noqa: S101 - `fit` always sets it.
        if problem.takes_source:
            return None
        noise = sample_noise(problem, self.n, self.seed)
        labels = problem.labels_in_turn(self.n)
        generated = (trainer.average or trainer.generator)(noise, labels)
        return images.Picture(images.grid(generated, self.columns))
