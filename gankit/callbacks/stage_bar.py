"""A progress bar for work in stages, with an estimate of the remaining time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TextIO

from gankit.callbacks.display import Screen
from gankit.callbacks.progress import clock as in_digits


class Stages:
    """Shows the current stage, its progress, and the remaining time.

    The expected seconds of each stage are those of another machine; the finished stages show how
    much faster or slower this one is.

    Parameters
    ----------
    guesses
        Expected seconds of each stage, in order. Unknown stages are added when they begin.
    stream
        Output; standard error by default. Other than in a terminal, a plain line now and then.
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
        self.spent = self.foreseen = 0.0
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
        here = self.clock() - self.entered
        speed = self.spent / self.foreseen if self.foreseen else 1.0
        whole = here / self.part if self.part else max(here, self.guess * speed)
        return max(whole - here, 0.0) + speed * sum(self.to_come.values())

    def _enter(self, stage: str) -> None:
        """End the current stage and any skipped ones."""
        now = self.clock()
        if self.guess:
            self.spent += now - self.entered
            self.foreseen += self.guess
        if stage in self.to_come:
            while next(iter(self.to_come)) != stage:
                self.to_come.pop(next(iter(self.to_come)))
        self.stage, self.part, self.guess = stage, 0.0, self.to_come.pop(stage, 0.0)
        self.entered = now

    def _show(self) -> None:
        done, left = self.clock() - self.began, self.left()
        part = done / max(done + left, 1e-9)
        self._screen.show(part, [(1, self.stage), (2, f"{in_digits(left)} left")])
