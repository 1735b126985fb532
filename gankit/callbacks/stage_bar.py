"""A progress bar for work in stages, with an estimate of the remaining time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TextIO

from gankit.callbacks.display import Screen
from gankit.callbacks.progress import clock as format_duration


class Stages:
    """Shows the current stage, its progress, and the remaining time.

    The expected seconds of each stage were measured on another machine. The finished stages show
    how much faster or slower this machine is.

    Parameters
    ----------
    guesses
        Expected seconds of each stage, in order. Unknown stages are added when they begin.
    stream
        Output; standard error by default. Outside a terminal it is a plain line every few seconds.
    plain
        Whether to write plain lines; depends on `stream` by default.
    clock
        Returns seconds.
    """

    def __init__(
        self,
        guesses: Mapping[str, float],
        stream: TextIO | None = None,
        *,
        plain: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.began = self.entered = clock()
        self.to_come = dict(guesses)
        self.stage, self.part, self.guess = "", 0.0, 0.0
        self.spent = self.expected = 0.0
        self._screen = Screen(stream, plain=plain, clock=clock, leave=False)

    def __call__(self, stage: str, part: float) -> None:
        """Show that `part`, 0 to 1, of a stage is done."""
        if stage != self.stage:
            self._enter(stage)
        self.part = part
        self._show()

    def close(self) -> None:
        """Remove the bar; the next output begins on a new line."""
        self._screen.close()

    def left(self) -> float:
        """Return an estimate of the remaining seconds."""
        elapsed = self.clock() - self.entered
        slowdown = self.spent / self.expected if self.expected else 1.0
        stage = elapsed / self.part if self.part else max(elapsed, self.guess * slowdown)
        return max(stage - elapsed, 0.0) + slowdown * sum(self.to_come.values())

    def _enter(self, stage: str) -> None:
        """End the current stage, skip stages before the new one, and begin that."""
        now = self.clock()
        if self.guess:
            self.spent += now - self.entered
            self.expected += self.guess
        if stage in self.to_come:
            while next(iter(self.to_come)) != stage:
                self.to_come.pop(next(iter(self.to_come)))
        self.stage, self.part, self.guess = stage, 0.0, self.to_come.pop(stage, 0.0)
        self.entered = now

    def _show(self) -> None:
        done, left = self.clock() - self.began, self.left()
        part = done / max(done + left, 1e-9)
        self._screen.show(part, [(1, self.stage), (2, f"{format_duration(left)} left")])
