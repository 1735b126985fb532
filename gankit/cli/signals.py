"""Signals that end a command which does not train."""

from __future__ import annotations

from types import FrameType


class Stopped(KeyboardInterrupt):
    """A signal that ends the command where it is; what is half done is cleared away."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def end(number: int, _frame: FrameType | None) -> None:
    """Raise `Stopped`: what a signal does to a command that does not train."""
    raise Stopped(number)
