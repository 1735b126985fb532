"""A progress bar for work in stages: one bar a stage."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from gankit.callbacks.display import Screen
from gankit.callbacks.progress import clock as format_duration


class StageBar:
    """Shows the current stage, how much of it is done, and the time that the rest of it takes.

    Parameters
    ----------
    stream
        Output; standard error by default. Outside a terminal it is a plain line every few seconds.
    plain
        Whether to write plain lines; depends on `stream` by default.
    clock
        Returns seconds.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        plain: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._stage, self._began = "", clock()
        self._screen = Screen(stream, plain=plain, clock=clock, leave=False)

    def __call__(self, stage: str, part: float) -> None:
        """Show that `part`, 0 to 1, of a stage is done."""
        is_new = stage != self._stage
        if is_new:
            self._stage, self._began = stage, self._clock()
        parts = [(1, stage)]
        if part:
            passed = self._clock() - self._began
            parts.append((2, f"{format_duration(passed / part - passed)} left"))
        self._screen.show(part, parts, last=is_new and self._screen.drawn)

    def close(self) -> None:
        """Remove the bar; the next output begins on a new line."""
        self._screen.close()
