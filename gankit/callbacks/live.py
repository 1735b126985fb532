"""A grid and the losses in a notebook, while a run trains."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from gankit.callbacks.boundaries import at_least_one, never
from gankit.callbacks.notebook_cell import cell
from gankit.contract import Array
from gankit.contract.latents import latents
from gankit.training import Progress
from gankit.visual import images, notebook

PAUSE = 1.0
"""Seconds from one picture to the next, at least."""
SHARE = 0.05
"""Of the time of a run, the most that showing takes."""
ELSEWHERE = "live pictures are shown in notebooks, and this is none"


class Live:
    """Shows what the generator makes of the same noise, and the losses, in a notebook's cell.

    It changes no number and asks for no edge. What a picture costs decides when the next one
    comes, so that all together take at most a twentieth of the time. Outside a notebook it says
    so in one line, and does nothing.

    Parameters
    ----------
    n
        Images; of a run that knows classes, each in its turn.
    seed
        Which, as in `Run.sample`.
    columns
        Of the grid.
    show
        Takes each piece of HTML, in place of the one before; a notebook's cell by default.
    clock
        Seconds.
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
        self._losses: list[Array] = []
        if self._show is None and sys.stderr is not None:  # To `print`, None is standard output.
            print(f"gankit: {ELSEWHERE}", file=sys.stderr)

    def next_boundary(self, _step: int, /) -> int:
        """Ask for no edge."""
        return never

    def __call__(self, progress: Progress, /) -> None:
        """Show how far the run is, where that is due."""
        if self._show is None:
            return
        self._losses.append(progress.losses)
        began = self._clock()
        if began < self._next and not progress.done:
            return
        losses = np.concatenate(self._losses)
        self._show(notebook.of_progress(progress.step, losses, self._picture(progress)))
        ended = self._clock()
        self._next = ended + max(PAUSE, (ended - began) / SHARE)

    def _picture(self, progress: Progress) -> images.Picture:
        problem, trainer = progress.problem, progress.trainer
        assert problem is not None  # noqa: S101 - `fit` always names it.
        noise = latents(self.n, problem.latent, self.seed)
        labels = (
            np.arange(self.n) % problem.generator_classes if problem.generator_classes else None
        )
        made = (trainer.average or trainer.generator)(noise, labels)
        return images.Picture(images.grid(made, self.columns))
