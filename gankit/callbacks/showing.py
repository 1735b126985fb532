"""Signs of life for the person who waits."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, NoReturn, TextIO

import numpy as np

from gankit.backend import Array
from gankit.callbacks.edges import at_least_one, never, next_multiple
from gankit.training import Progress

if TYPE_CHECKING:
    from tqdm import tqdm

PAUSE = 5.0
"""Seconds between two plain lines, where no bar can be drawn."""


class Bar:
    """Shows rounds, rounds per second, both losses and the time left.

    Parameters
    ----------
    total
        Rounds of the whole run.
    start
        Rounds done before it was resumed.
    stream
        Where to; standard error by default. What is no terminal gets a plain line now and then.
    plain
        Whether to write plain lines; asks `stream` by default.
    """

    def __init__(
        self, total: int, start: int = 0, stream: TextIO | None = None, *, plain: bool | None = None
    ) -> None:
        self.total = total
        self.start = start
        self.stream = stream or sys.stderr
        self.began = self.spoke = time.perf_counter()
        plain = not self.stream.isatty() if plain is None else plain
        self._bar = None if plain else self._draw()

    def edge(self, step: int, /) -> int:  # noqa: ARG002 - any block will do.
        """Ask for no edge."""
        return never

    def __call__(self, progress: Progress, /) -> None:
        """Show how far the run is."""
        if self._bar is None:
            self._say(progress)
        else:
            self._bar.set_postfix_str(_losses(progress.losses[-1]), refresh=False)
            self._bar.update(progress.step - self._bar.n)
        if progress.done:
            self.close()

    def close(self) -> None:
        """Leave the bar as it stands; what is written next begins on a line of its own."""
        if self._bar is not None:
            self._bar.close()

    def _draw(self) -> tqdm[NoReturn]:
        from tqdm import tqdm

        return tqdm(
            total=self.total, initial=self.start, file=self.stream, unit=" rounds",
            dynamic_ncols=True,
        )  # fmt: skip

    def _say(self, progress: Progress) -> None:
        now = time.perf_counter()
        if now - self.spoke < PAUSE and not progress.done:
            return
        self.spoke = now
        speed = (progress.step - self.start) / max(now - self.began, 1e-9)
        left = (self.total - progress.step) / max(speed, 1e-9)
        print(
            f"round {progress.step}/{self.total}  {_losses(progress.losses[-1])}  "
            f"{speed:.1f} rounds/s  {_clock(left)} left",
            file=self.stream, flush=True,
        )  # fmt: skip


class Epochs:
    """Writes one line per epoch: the means of both losses, and how long it took.

    Parameters
    ----------
    rounds_per_epoch
        Rounds.
    epochs
        How many the whole run has.
    stream
        Where to; standard error by default. A bar that is being drawn there stays whole.
    """

    def __init__(self, rounds_per_epoch: int, epochs: int, stream: TextIO | None = None) -> None:
        at_least_one("rounds_per_epoch", rounds_per_epoch)
        self.rounds = rounds_per_epoch
        self.epochs = epochs
        self.stream = stream or sys.stderr
        self.began = time.perf_counter()
        self._seen: list[Array] = []

    def edge(self, step: int, /) -> int:
        """Return the end of the epoch."""
        return next_multiple(step, self.rounds)

    def __call__(self, progress: Progress, /) -> None:
        """Write the line of an epoch that has ended, or of one that the run ended in."""
        self._seen.append(progress.losses)
        if progress.step % self.rounds == 0 or progress.done:
            self._say(math.ceil(progress.step / self.rounds))

    def _say(self, epoch: int) -> None:
        from tqdm import tqdm

        now = time.perf_counter()
        means = np.concatenate(self._seen).mean(axis=0)
        line = f"epoch {epoch:3}/{self.epochs}  {_losses(means)}  {now - self.began:.1f} s"
        tqdm.write(line, file=self.stream)
        self.stream.flush()
        self.began, self._seen = now, []


def _losses(row: Array) -> str:
    discriminator, generator = row
    return f"discriminator {discriminator:.3f}  generator {generator:.3f}"


def _clock(seconds: float) -> str:
    """Return a duration as h:mm:ss.

    >>> _clock(3723)
    '1:02:03'
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
