"""Stop a run by a signal: finish the block, save, then end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TypeAlias

from gankit._utils.start_variables import has_launcher
from gankit._utils.system import HANGUP, STOP_SIGNALS

Handler: TypeAlias = Callable[[int, FrameType | None], None]

STOPPING = "stopping after this block"


class Stopped(KeyboardInterrupt):
    """A signal that ends the process at once; temporary files are removed."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def end(number: int, _frame: FrameType | None) -> None:
    """Raise `Stopped`; the handler of signals outside training."""
    raise Stopped(number)


class Stop:
    """Whether a signal has requested a run to stop: `with taken(stop.receive)`.

    Parameters
    ----------
    message
        Message on standard error for the first signal; none if empty.
    second
        Handler of a second signal; by default the system's, which ends the process. A second
        SIGHUP is ignored, because closing a terminal may send two.
    """

    def __init__(
        self,
        message: str = f"{STOPPING}; Ctrl-C or SIGTERM again stops at once",
        second: Handler | signal.Handlers = signal.SIG_DFL,
    ) -> None:
        self.message, self.second = message, second
        self.received: int | None = None

    @classmethod
    def in_process(cls, *, prints: bool) -> Stop:
        """Return the stop of a command that trains, alone or in one of several processes.

        A process with a launcher ignores the second signal, which may be the first one again.
        """
        if has_launcher():
            return cls(STOPPING if prints else "", signal.SIG_IGN)
        return cls() if prints else cls("")

    def __call__(self) -> bool:
        """Return whether to stop after this block."""
        return self.received is not None

    @property
    def exit_code(self) -> int:
        """Exit code of the command: 0, or 128 plus the signal's number."""
        return 0 if self.received is None else 128 + self.received

    def agree(self, each: Callable[[int], Sequence[int]]) -> None:
        """Take the largest signal that a process received, so that all exit with the same code.

        `each` returns the number that each process gives, as `gankit.contract.World.each`.
        """
        self.received = max(each(self.received or 0)) or None

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """Record the first signal; pass the second to `second`."""
        self.received = number
        for each in STOP_SIGNALS:
            if signal.getsignal(each) == self.receive:
                signal.signal(each, signal.SIG_IGN if each == HANGUP else self.second)
        # Not with the stream object: the signal may have interrupted a write to it.
        with suppress(OSError, ValueError, AttributeError):
            os.write(sys.stderr.fileno(), f"{self.message}\n".encode() if self.message else b"")


@contextmanager
def taken(handler: Handler, signals: Collection[int] = STOP_SIGNALS) -> Iterator[None]:
    """Install `handler` for the signals inside the block, in the main thread only.

    An ignored signal stays ignored, as `nohup` needs, and a handler that is not Python's stays
    installed.
    """
    in_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in signals if in_main}
    before = {n: old for n, old in before.items() if old not in (None, signal.SIG_IGN)}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def by_ctrl_c() -> Iterator[Stop]:
    """Yield a `Stop` that the first Ctrl-C sets inside the block; the second raises at once.

    It has no effect in a program that handles SIGINT itself, and outside the main thread.
    """
    stop = Stop(f"{STOPPING}; Ctrl-C again stops at once", signal.default_int_handler)
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with taken(stop.receive, [signal.SIGINT] if ours else []):
        yield stop
