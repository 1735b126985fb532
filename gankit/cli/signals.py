"""Stopping a run by a signal: the first finishes the block and saves, the second ends it."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from gankit.cli.options import say

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class Stop:
    """Whether the run was asked to stop; a context manager, for the main thread."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Return whether to stop after this block."""
        return self.received is not None

    @property
    def exit_code(self) -> int:
        """How the command ends: 0, or 128 and the signal's number."""
        return 0 if self.received is None else 128 + self.received

    def __enter__(self) -> Stop:
        """Take the signals."""
        self._before = {number: signal.signal(number, self._receive) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        """Note the first; leave the second to the system, which ends the process."""
        self.received = number
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        say("stopping after this block; the same signal again ends at once")
