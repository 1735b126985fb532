"""A progress bar for each file that is downloaded or written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from gankit.callbacks.display import Screen
from gankit.callbacks.progress import clock
from gankit.data.published.download import watched


class FileProgress:
    """Shows the progress of each file, one after the other.

    Parameters
    ----------
    unit
        Unit of the numbers; bytes by default.
    plain
        Whether to write plain lines; depends on standard error by default.
    """

    def __init__(self, unit: str = "B", *, plain: bool | None = None) -> None:
        self.unit, self.plain = unit, plain
        self._file, self._began = "", 0.0
        self._screen: Screen | None = None

    def __call__(self, file: str, done: int, total: int | None) -> None:
        """Show that `done` of `total` units of a file are done; None if the total is unknown."""
        now = time.monotonic()
        if self._screen is None or file != self._file:
            self.close()
            self._file, self._began, self._screen = file, now, Screen(plain=self.plain)
        parts = [(1, self._count(done, total)), (2, file)]
        if total and done:
            left = (now - self._began) * (total - done) / done
            parts.append((3, f"{clock(left)} left"))
        self._screen.show(done / total if total else 0.0, parts, last=done == total)

    def close(self) -> None:
        """Leave the last bar; the next output begins on a new line."""
        if self._screen is not None:
            self._screen.close()

    def _count(self, done: int, total: int | None) -> str:
        from tqdm import tqdm

        shown = tqdm.format_sizeof if self.unit == "B" else "{:,}".format
        of_total = f"/{shown(total)}" if total else ""
        return f"{shown(done)}{of_total}{self.unit}"


@contextmanager
def downloads_shown(*, plain: bool | None = None) -> Iterator[None]:
    """Show the progress of each download inside the block.

    Parameters
    ----------
    plain
        As in `FileProgress`.
    """
    with closing(FileProgress(plain=plain)) as files, watched(files):
        yield
