"""Streams that may go away: a closed terminal, a full disk behind one, a pipe that nobody reads."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import click


class Fading(io.RawIOBase):
    """Bytes to a file descriptor; what cannot be written is lost, and so is all that follows."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.gone = False

    def writable(self) -> bool:
        """Be a file to write to."""
        return True

    def fileno(self) -> int:
        """Return the descriptor, for those who ask how wide the terminal is."""
        return self.descriptor

    def isatty(self) -> bool:
        """Tell whether it is a terminal that is still there."""
        return not self.gone and os.isatty(self.descriptor)

    def write(self, content: bytes, /) -> int:  # type: ignore[override]
        """Write, or forget it."""
        if not self.gone:
            try:
                return os.write(self.descriptor, content)
            except OSError:
                self.gone = True
        return len(content)


@contextmanager
def fading_stderr() -> Iterator[None]:
    """Let no word to the person who waits end a run: what they can no longer read is dropped."""
    stream = _fading(sys.stderr)
    with contextlib.redirect_stderr(stream) if stream else contextlib.nullcontext():
        yield


def _fading(stream: TextIO | None) -> TextIO | None:
    """Return a stream to the same place, or None where there is no such place."""
    try:
        descriptor = stream.fileno() if stream else None
    except (OSError, ValueError):
        return None
    if stream is None or descriptor is None:
        return None
    return io.TextIOWrapper(
        io.BufferedWriter(Fading(descriptor)),  # type: ignore[type-var]
        encoding=stream.encoding, errors=stream.errors,
        write_through=True, line_buffering=True,
    )  # fmt: skip


def answer(line: object) -> None:
    """Print what a program may read, at the end of work that is done whether it is read or not."""
    try:
        click.echo(line)
    except OSError:
        drop_stdout()


def drop_stdout() -> None:
    """Forget standard output, so that Python does not stumble over it when it ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
