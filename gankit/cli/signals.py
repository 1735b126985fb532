"""Signals: any command ends tidily at the first; training finishes its block and saves."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TypeAlias

Handler: TypeAlias = Callable[[int, FrameType | None], None]

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]

HANGUP = getattr(signal, "SIGHUP", None)


class Stopped(KeyboardInterrupt):
    """A signal that ends the command where it is; what is half done is cleared away."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class Stop:
    """Whether a run was asked to stop: `with taken(stop.receive)`."""

    def __init__(self) -> None:
        self.received: int | None = None

    def __call__(self) -> bool:
        """Return whether to stop after this block."""
        return self.received is not None

    @property
    def exit_code(self) -> int:
        """How the command ends: 0, or 128 and the signal's number."""
        return 0 if self.received is None else 128 + self.received

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """Note the first signal; leave the second to the system, which ends the process.

        But for SIGHUP, which a terminal that is closed may send twice.
        """
        self.received = number
        for each in SIGNALS:
            if signal.getsignal(each) == self.receive:
                signal.signal(each, signal.SIG_IGN if each == HANGUP else signal.SIG_DFL)
        with suppress(OSError):  # By itself: a signal may come while a stream is being written.
            os.write(2, b"stopping after this block; an interrupt or SIGTERM ends at once\n")


def end(number: int, _frame: FrameType | None) -> None:
    """Raise `Stopped`: what a signal does to a command that does not train."""
    raise Stopped(number)


@contextmanager
def taken(handler: Handler) -> Iterator[None]:
    """Let `handler` have the signals inside the block, in the main thread only.

    One that is ignored stays ignored, as `nohup` wants it.
    """
    alone = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in SIGNALS if alone}
    for number, usual in before.items():
        if usual is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, usual in before.items():
            signal.signal(number, usual)
