"""Make the standard streams safe against closed descriptors, full disks and closed pipes."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from gankit.errors import StorageError

STANDARD = {0: ("stdin", "r"), 1: ("stdout", "w"), 2: ("stderr", "w")}
"""Python's name for each file number, and its mode."""


class GuardedStream(io.RawIOBase):
    """Writes bytes to a file descriptor; after an error, it drops all later bytes.

    Parameters
    ----------
    descriptor
        The file descriptor.
    failed
        Called with the first error; `write` raises the error that it raises.
    """

    def __init__(self, descriptor: int, failed: Callable[[OSError], object]) -> None:
        self.descriptor = descriptor
        self.failed = failed
        self.gone = False

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the descriptor, which libraries use to find the terminal's width."""
        return self.descriptor

    def isatty(self) -> bool:
        """Return whether it is a terminal that is still open."""
        return not self.gone and os.isatty(self.descriptor)

    def write(self, content: bytes, /) -> int:  # type: ignore[override]
        """Write the bytes, or drop them after an error."""
        if not self.gone:
            try:
                return os.write(self.descriptor, content)
            except OSError as error:
                self.gone = True
                self.failed(error)
        return len(content)


@contextmanager
def guarded() -> Iterator[None]:
    """Make the standard streams safe inside the block.

    A closed stream is replaced by the null device. Errors of standard error are ignored, so that a
    run continues without messages. An error of standard output is a StorageError, except for a
    closed pipe, as of `head`: then output is dropped.
    """
    fill_closed()
    with contextlib.ExitStack() as stack:
        for name, mode in STANDARD.values():
            if getattr(sys, name) is None:
                null = stack.enter_context(Path(os.devnull).open(mode, encoding="utf-8"))
                stack.callback(setattr, sys, name, None)
                setattr(sys, name, null)
        if out := _guarded(sys.stdout, _output_lost):
            stack.enter_context(contextlib.redirect_stdout(out))
        if err := _guarded(sys.stderr, lambda _error: None):
            stack.enter_context(contextlib.redirect_stderr(err))
        yield


def fill_closed() -> None:
    """Open the null device in place of each closed file number among 0, 1 and 2.

    Otherwise the next opened file would get that number, and the output of a library would go into
    that file.
    """
    for number in STANDARD:
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)  # Child processes need it too.


def _guarded(stream: TextIO, failed: Callable[[OSError], object]) -> TextIO | None:
    """Return a guarded stream to the same file; None if `stream` has no file descriptor."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return None
    return io.TextIOWrapper(
        io.BufferedWriter(GuardedStream(descriptor, failed)),  # type: ignore[type-var]
        encoding=stream.encoding,
        errors=stream.errors,
        write_through=True,
        line_buffering=True,
    )


def _output_lost(error: OSError) -> None:
    """Raise StorageError, unless the reader closed the pipe."""
    if not isinstance(error, BrokenPipeError):
        raise StorageError(f"standard output cannot be written: {error.strerror}") from error
