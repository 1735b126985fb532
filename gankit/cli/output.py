"""The command's standard streams: closed ones, a full disk behind one, a pipe that is not read."""

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
"""Python's name for each file number, and the mode that it is opened in."""


class Guarded(io.RawIOBase):
    """Bytes to a file descriptor; what cannot be written is dropped, and so is all that follows.

    Parameters
    ----------
    descriptor
        Where to.
    failed
        Called with the first error. If it raises, the writer gets that error.
    """

    def __init__(self, descriptor: int, failed: Callable[[OSError], object]) -> None:
        self.descriptor = descriptor
        self.failed = failed
        self.gone = False

    def writable(self) -> bool:
        """Be a file to write to."""
        return True

    def fileno(self) -> int:
        """Return the descriptor, which tells how wide the terminal is."""
        return self.descriptor

    def isatty(self) -> bool:
        """Tell whether it is a terminal that is still there."""
        return not self.gone and os.isatty(self.descriptor)

    def write(self, content: bytes, /) -> int:  # type: ignore[override]
        """Write, or drop it."""
        if not self.gone:
            try:
                return os.write(self.descriptor, content)
            except OSError as error:
                self.gone = True
                self.failed(error)
        return len(content)


@contextmanager
def guarded() -> Iterator[None]:
    """Make the standard streams safe to use inside the block.

    A closed stream becomes the null device. An error of standard error is ignored: a run does not
    end because its messages cannot be shown. An error of standard output is a StorageError, but
    what the reader of a pipe does not wait for, as `head` does not, is dropped.
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

    Otherwise the next file that is opened would get that number, and whatever a library writes to
    standard output or error would be written into that file.
    """
    for number in STANDARD:
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)  # Processes that are started have the same need.


def _guarded(stream: TextIO, failed: Callable[[OSError], object]) -> TextIO | None:
    """Return a guarded stream to the same place; None if `stream` is no file of the system."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return None
    return io.TextIOWrapper(
        io.BufferedWriter(Guarded(descriptor, failed)),  # type: ignore[type-var]
        encoding=stream.encoding, errors=stream.errors,
        write_through=True, line_buffering=True,
    )  # fmt: skip


def _output_lost(error: OSError) -> None:
    """Raise StorageError, unless the reader of a pipe has gone: that is its right."""
    if not isinstance(error, BrokenPipeError):
        raise StorageError(f"standard output cannot be written: {error.strerror}") from error
