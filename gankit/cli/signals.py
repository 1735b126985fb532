"""Signals that end commands other than training."""

from __future__ import annotations

from types import FrameType


class Stopped(KeyboardInterrupt):
    """A signal that ends the command at once; temporary files are removed."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def end(number: int, _frame: FrameType | None) -> None:
    """Raise `Stopped`; the signal handler of commands that do not train."""
    raise Stopped(number)
