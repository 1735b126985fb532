"""One bar over work in stages, with the time that is likely left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TextIO

from gankit.callbacks.display import Screen
from gankit.callbacks.progress import clock as in_digits


class Stages:
    """Shows which stage is at work, the part that is done, and the time left.

    What each stage likely takes is a guess of some machine; what those before took says how much
    faster or slower this one is.

    Parameters
    ----------
    guesses
        Seconds of each stage, in their order. One that is not among them is taken up as it comes.
    stream
        Where to; standard error by default. What is no terminal gets a plain line now and then.
    plain
        Whether to write plain lines; asks `stream` by default.
    clock
        Seconds.
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
        """Take the bar away; what is written next begins on a line of its own."""
        self._screen.close()

    def left(self) -> float:
        """Return the seconds that are likely left."""
        here = self.clock() - self.entered
        speed = self.spent / self.foreseen if self.foreseen else 1.0
        whole = here / self.part if self.part else max(here, self.guess * speed)
        return max(whole - here, 0.0) + speed * sum(self.to_come.values())

    def _enter(self, stage: str) -> None:
        """End the stage before, and with it those that were passed over."""
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
