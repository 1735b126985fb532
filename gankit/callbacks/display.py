"""Show progress: a bar in a terminal or a notebook, plain lines elsewhere."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn, TextIO, TypeAlias

from gankit.callbacks.notebook_cell import cell

if TYPE_CHECKING:
    from tqdm import tqdm

LinePart: TypeAlias = tuple[int, str]
"""Part of a line: its importance, and its text."""
LEAST_BAR_COLUMNS = 10
"""The least columns of a bar."""
OTHER_COLUMNS = len("100%|") + len("| ")
"""Columns of a line that are neither bar nor text."""
FORMAT = "{percentage:3.0f}%|{bar}| {desc}"
PAUSES = {"plain": 5.0, "cell": 0.5, "bar": 0.1}
"""Seconds between plain lines, updates of a notebook's cell, or redraws of a bar."""


def fitted(parts: Sequence[LinePart], columns: int | None = None) -> str:
    """Return the parts that fit beside a bar; the least important are dropped first.

    Parameters
    ----------
    parts
        In display order.
    columns
        Columns of the terminal; None keeps all parts.

    >>> fitted([(2, "75/51200"), (1, "6.4 steps/s"), (3, "D 1.150 G 0.714"), (4, "1:23 left")], 60)
    '75/51200  D 1.150 G 0.714  1:23 left'
    """
    from tqdm.utils import disp_len  # A wide character takes two columns.

    left = list(parts)
    while True:
        text = "  ".join(part for _, part in left)
        if not left or not columns or OTHER_COLUMNS + LEAST_BAR_COLUMNS + disp_len(text) <= columns:
            return text
        left.remove(min(left))


class Screen:
    """Shows the progress of some work.

    The output is dropped if the stream is None or can no longer be written.

    Parameters
    ----------
    stream
        Output; standard error by default, or the cell of a running notebook.
    plain
        Whether to write plain lines; depends on `stream` by default.
    clock
        Returns seconds.
    leave
        Whether the finished bar remains.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        plain: bool | None = None,
        clock: Callable[[], float] = time.perf_counter,
        leave: bool = True,
    ) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.clock, self.leave = clock, leave
        self._cell = cell() if stream is None and plain is None else None
        self._bar: tqdm[NoReturn] | None = None
        if self._cell is None and self.stream is not None:
            self._bar = None if _is_plain(self.stream, plain) else self._draw(self.stream)
        kind = "bar" if self.drawn else "plain" if self._cell is None else "cell"
        self.pause = PAUSES[kind]
        self.next = clock() + (self.pause if kind == "plain" else 0.0)

    @property
    def drawn(self) -> bool:
        """Whether it is a bar in a terminal, where columns are limited."""
        return self._bar is not None

    def show(self, done: float, parts: Sequence[LinePart], *, last: bool = False) -> None:
        """Show the finished share of the work, 0 to 1, and a line of `parts`.

        Calls too soon after the last output are ignored, unless `last` is True.
        """
        now = self.clock()
        if now < self.next and not last:
            return
        self.next = now + self.pause
        if self._bar is not None:
            with suppress(OSError, ValueError):
                self._bar.n = done
                self._bar.set_description_str(fitted(parts, _columns(self._bar)), refresh=True)
        elif self._cell is not None:
            bar = f'<progress value="{done:.4f}" max="1"></progress>'
            self._cell(f"{bar} <code>{html.escape(fitted(parts))}</code>")
        else:
            self.write(fitted(parts))

    def write(self, line: str) -> None:
        """Write a separate line, above the bars on the same stream."""
        from tqdm import tqdm

        if self.stream is not None:
            with suppress(OSError, ValueError):  # The stream was closed.
                tqdm.write(line, file=self.stream)
                self.stream.flush()

    def close(self) -> None:
        """End the bar; the next output begins on a new line."""
        if self._cell is not None and not self.leave:
            self._cell("")
        if self._bar is not None:
            with suppress(OSError, ValueError):
                self._bar.close()

    def _draw(self, stream: TextIO) -> tqdm[NoReturn]:
        from tqdm import tqdm

        return tqdm(total=1, file=stream, bar_format=FORMAT, leave=self.leave, dynamic_ncols=True)


def _is_plain(stream: TextIO, plain: bool | None) -> bool:
    """Return whether `stream` gets plain lines: as requested, or if it is not a terminal."""
    if plain is not None:
        return plain
    try:
        return not stream.isatty()
    except ValueError:  # It is closed.
        return True


def _columns(bar: tqdm[NoReturn]) -> int | None:
    """Return the width of the bar's terminal; None without a terminal."""
    measure = bar.dynamic_ncols
    return measure(bar.fp)[0] if callable(measure) else None
