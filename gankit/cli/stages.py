"""One bar over work in stages, with the time that is likely left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NoReturn, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm

PAUSE = 5.0
"""Seconds between two plain lines, where no bar can be drawn."""
FORMAT = "{percentage:3.0f}%|{bar}| {desc}"


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
        self.stream = stream or sys.stderr
        self.clock = clock
        self.began = self.entered = self.spoke = clock()
        self.to_come = dict(guesses)
        self.stage, self.part, self.guess = "", 0.0, 0.0
        self.spent = self.foreseen = 0.0
        plain = not self.stream.isatty() if plain is None else plain
        self._bar = None if plain else self._draw()

    def __call__(self, stage: str, part: float) -> None:
        """Show that `part`, 0 to 1, of a stage is done."""
        if stage != self.stage:
            self._enter(stage)
        self.part = part
        self._show()

    def close(self) -> None:
        """Take the bar away; what is written next begins on a line of its own."""
        if self._bar is not None:
            self._bar.close()

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
        from tqdm import tqdm

        now, left = self.clock(), self.left()
        said = f"{self.stage}, {tqdm.format_interval(left)} left"
        if self._bar is not None:
            done = now - self.began
            self._bar.n = round(100 * done / max(done + left, 1e-9))
            self._bar.set_description_str(said, refresh=True)
        elif now - self.spoke >= PAUSE:
            self.spoke = now
            print(said, file=self.stream, flush=True)

    def _draw(self) -> tqdm[NoReturn]:
        from tqdm import tqdm

        return tqdm(total=100, file=self.stream, bar_format=FORMAT, leave=False, dynamic_ncols=True)
