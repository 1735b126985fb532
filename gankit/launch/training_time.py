"""The time that a run has trained, in all its processes together."""

from __future__ import annotations

import time


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
