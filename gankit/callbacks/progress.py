"""Progress of a run: a bar, a line per epoch, and an estimate of the time."""

from __future__ import annotations

import math
import time
from typing import TextIO

import numpy as np

from gankit._text import counted
from gankit.callbacks.boundaries import at_least_one, never, next_multiple
from gankit.callbacks.display import Screen
from gankit.contract import Array
from gankit.training import Progress

ESTIMATE_SECONDS = 2.0
"""Seconds of training, without the first block, before the remaining time is estimated."""
LARGE_LOSS = 10_000
"""From this value on, a loss is shown without decimals."""
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class Bar:
    """Shows steps, steps per second, both losses and the remaining time.

    Steps per second are those of the trainer; the remaining time includes evaluations and the like.

    After the first steps it prints the remaining time if that is a minute or more, as a warning if
    that is more than an hour.

    Parameters
    ----------
    total
        Steps of the complete run.
    start
        Steps done before it was resumed.
    stream
        Output; standard error by default. Outside a terminal it is a plain line every few seconds,
        or a bar in a notebook's cell.
    plain
        Whether to write plain lines; depends on `stream` by default.
    minutes
        Minutes after which the run ends, even if steps are left; None, the default, for no limit.
    """

    def __init__(
        self,
        total: int,
        start: int = 0,
        stream: TextIO | None = None,
        *,
        plain: bool | None = None,
        minutes: float | None = None,
    ) -> None:
        self.total = total
        self.start = start
        self._limit = math.inf if minutes is None else 60 * minutes
        self._opened = 0.0
        self._stream, self._plain = stream, plain
        self._screen: Screen | None = None
        self._began = (0, 0.0)
        self._shown, self._trained = 0.0, 0.0
        self._blocks, self._estimated = 0, False

    def next_boundary(self, step: int, /) -> int:
        """Return `never`; show the bar when training begins."""
        if self._screen is None:
            self._open(step)
        return never

    def __call__(self, progress: Progress, /) -> None:
        """Show the progress of the run."""
        screen = self._screen or self._open(progress.step - len(progress.losses))
        now = time.perf_counter()
        step, began = self._began
        self._trained += progress.seconds or now - self._shown
        self._shown = now
        done = progress.step - step
        speed = done / max(self._trained, 1e-9)
        until_end = max(self._opened + self._limit - now, 0.0)
        seconds = min((self.total - progress.step) * (now - began) / done, until_end)
        self._blocks += 1
        if self._blocks == 1:  # Frameworks compile in it, so it is slower than the others.
            self._began, self._trained = (progress.step, now), 0.0
        elif not self._estimated and now - began >= ESTIMATE_SECONDS:
            self._estimated = True
            _write_estimate(screen, seconds, speed)
        screen.show(
            progress.step / self.total,
            [
                (2, self._count(progress.step, screen)),
                (3, losses_in_words(progress.losses[-1])),
                (1, f"{speed:.1f} steps/s"),
                (4, f"{clock(seconds)} left"),
            ],
            last=progress.done,
        )
        if progress.done:
            self.close()

    finish = __call__

    def close(self) -> None:
        """Leave the bar; the next output begins on a new line."""
        if self._screen is not None:
            self._screen.close()

    def _open(self, step: int) -> Screen:
        self._screen = Screen(self._stream, plain=self._plain, clock=time.perf_counter)
        self._opened = time.perf_counter()
        self._began, self._shown = (step, self._opened), self._opened
        self._screen.show(step / self.total, [(1, self._count(step, self._screen))])
        return self._screen

    def _count(self, step: int, screen: Screen) -> str:
        return f"{'' if screen.drawn else 'step '}{step}/{self.total}"


class Epochs:
    """Writes one line per epoch: the means of both losses, and its duration.

    The line of an incomplete epoch contains its number of steps.

    Parameters
    ----------
    steps_per_epoch
        Steps per epoch.
    epochs
        Epochs of the complete run.
    stream
        Output; standard error by default. A bar on the same stream is not broken.
    """

    def __init__(self, steps_per_epoch: int, epochs: int, stream: TextIO | None = None) -> None:
        at_least_one("steps_per_epoch", steps_per_epoch)
        self.steps = steps_per_epoch
        self.epochs = epochs
        self._screen = Screen(stream, plain=True)
        self._began: float | None = None
        self._losses: list[Array] = []

    def next_boundary(self, step: int, /) -> int:
        """Return the end of the epoch."""
        if self._began is None:
            self._began = time.perf_counter()
        return next_multiple(step, self.steps)

    def __call__(self, progress: Progress, /) -> None:
        """Write the line of an epoch if the epoch or the run has ended."""
        self._losses.append(progress.losses)
        if progress.step % self.steps == 0 or progress.done:
            self._write_epoch(math.ceil(progress.step / self.steps))

    def finish(self, progress: Progress, /) -> None:
        """Write the line of an incomplete epoch."""
        if self._losses:
            self._write_epoch(math.ceil(progress.step / self.steps))

    def _write_epoch(self, epoch: int) -> None:
        now, losses = time.perf_counter(), np.concatenate(self._losses)
        part = f", {len(losses)} of {self.steps} steps" if len(losses) < self.steps else ""
        means = losses_in_words(losses.mean(axis=0))
        seconds = now - (now if self._began is None else self._began)
        self._screen.write(f"epoch {epoch:3}/{self.epochs}{part}  mean {means}  {seconds:.1f} s")
        self._began, self._losses = now, []


def losses_in_words(row: Array) -> str:
    """Return the discriminator's and the generator's loss as short text."""
    discriminator, generator = (
        f"{loss:.3f}" if abs(loss) < LARGE_LOSS else f"{loss:.3g}" for loss in row
    )
    return f"D {discriminator} G {generator}"


def clock(seconds: float) -> str:
    """Return a duration as mm:ss or h:mm:ss.

    >>> clock(83), clock(3723)
    ('01:23', '1:02:03')
    """
    from tqdm import tqdm

    return str(tqdm.format_interval(seconds))


def duration(seconds: float) -> str:
    """Return an approximate duration as text.

    >>> duration(90), duration(3 * 3600), duration(100 * 3600)
    ('2 minutes', '3.0 hours', '4.2 days')
    """
    if seconds < HOUR:
        minutes = max(1, round(seconds / MINUTE))
        return counted(max(minutes, 1), "minute")
    return f"{seconds / HOUR:.1f} hours" if seconds < 2 * DAY else f"{seconds / DAY:.1f} days"


def _write_estimate(screen: Screen, seconds: float, speed: float) -> None:
    """Write the remaining time of the run, as a warning if it is more than an hour."""
    if seconds < MINUTE:
        return
    line = f"about {duration(seconds)} left at {speed:.1f} steps/s"
    if seconds > HOUR:
        remedy = "train fewer steps, or stop with Ctrl-C when the samples are good"
        line = f"gankit: warning: {line}; {remedy}"
    screen.write(line)
