"""The time that a run has trained, in all its processes together."""

from __future__ import annotations

import time
from pathlib import Path

from gankit.callbacks.boundaries import never
from gankit.runs import time_log
from gankit.training import Progress

GAP, GROWTH = 5.0, 1.02
"""The next line of the log of time follows after `GROWTH` times its seconds, and `GAP` more."""


class TrainingTime:
    """Measures how long a run has trained, and whether its minutes are over.

    Parameters
    ----------
    before
        Seconds that earlier processes trained, up to the checkpoint that is resumed.
    minutes
        How long the run may train; None for no limit.
    """

    def __init__(self, before: float, minutes: float | None) -> None:
        self._start = time.monotonic() - before
        self._limit = minutes

    @property
    def seconds(self) -> float:
        """Seconds of training until now."""
        return time.monotonic() - self._start

    def over(self) -> bool:
        """Return whether the run has trained its minutes."""
        return self._limit is not None and self.seconds >= 60 * self._limit


class TimeLog:
    """A callback that logs the time of training every few seconds, and at the end.

    Parameters
    ----------
    path
        The file, as of `gankit.runs.time_log`.
    trained
        The time.
    """

    def __init__(self, path: Path, trained: TrainingTime) -> None:
        self.path, self.trained = path, trained
        self.due = self.trained.seconds + GAP

    def next_boundary(self, step: int, /) -> int:  # noqa: ARG002 - accepts any block.
        """Return `never`."""
        return never

    def __call__(self, progress: Progress, /) -> None:
        """Log the time if it is due, or if the run ends."""
        if (seconds := self.trained.seconds) >= self.due or progress.done:
            self._log(progress.step, seconds)

    def finish(self, progress: Progress, /) -> None:
        """Log the time of the last step of a stopped run."""
        self._log(progress.step, self.trained.seconds)

    def _log(self, step: int, seconds: float) -> None:
        time_log.append(self.path, step, seconds)
        self.due = GROWTH * seconds + GAP
