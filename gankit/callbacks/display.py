"""Where progress is shown: a bar in a terminal or a notebook, plain lines elsewhere."""

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

Word: TypeAlias = tuple[int, str]
"""Part of a line: how important it is, and its text."""
NARROWEST = 10
"""Columns of a bar, at least."""
AROUND = len("100%|") + len("| ")
"""Columns of a line that are neither bar nor text."""
FORMAT = "{percentage:3.0f}%|{bar}| {desc}"
PAUSES = {"plain": 5.0, "cell": 0.5, "bar": 0.1}
"""Seconds from one plain line, update of a notebook's cell or drawing of a bar to the next."""


def fitted(words: Sequence[Word], columns: int | None = None) -> str:
    """Return the words that fit beside a bar, each of them whole; the least important go first.

    Parameters
    ----------
    words
        In the order shown.
    columns
        Of the terminal; None leaves nothing out.

    >>> fitted([(2, "75/51200"), (1, "6.4 steps/s"), (3, "D 1.150 G 0.714"), (4, "1:23 left")], 60)
    '75/51200  D 1.150 G 0.714  1:23 left'
    """
    from tqdm.utils import disp_len  # A wide character takes two columns.

    left = list(words)
    while True:
        text = "  ".join(word for _, word in left)
        if not left or not columns or AROUND + NARROWEST + disp_len(text) <= columns:
            return text
        left.remove(min(left))


class Screen:
    """Shows how far some work is.

    A stream that is None, or that can no longer be written, ends nothing: what would be shown is
    dropped.

    Parameters
    ----------
    stream
        Where to; standard error by default, or the cell of a notebook that is running.
    plain
        Whether to write plain lines; asks `stream` by default.
    clock
        Seconds.
    leave
        Whether the finished bar stays.
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
        """Whether it is a bar in a terminal, where columns are few."""
        return self._bar is not None

    def show(self, part: float, words: Sequence[Word], *, last: bool = False) -> None:
        """Show that `part`, 0 to 1, is done; `words` say more.

        What comes too soon after what was shown is passed over, unless it is the `last`.
        """
        now = self.clock()
        if now < self.next and not last:
            return
        self.next = now + self.pause
        if self._bar is not None:
            with suppress(OSError, ValueError):
                self._bar.n = part
                self._bar.set_description_str(fitted(words, _columns(self._bar)), refresh=True)
        elif self._cell is not None:
            bar = f'<progress value="{part:.4f}" max="1"></progress>'
            self._cell(f"{bar} <code>{html.escape(fitted(words))}</code>")
        else:
            self.write(fitted(words))

    def write(self, line: str) -> None:
        """Write a line of its own; bars that are drawn on the same stream stay whole."""
        from tqdm import tqdm

        if self.stream is not None:
            with suppress(OSError, ValueError):  # It was closed since.
                tqdm.write(line, file=self.stream)
                self.stream.flush()

    def close(self) -> None:
        """End the bar; what is written next begins on a line of its own."""
        if self._cell is not None and not self.leave:
            self._cell("")
        if self._bar is not None:
            with suppress(OSError, ValueError):
                self._bar.close()

    def _draw(self, stream: TextIO) -> tqdm[NoReturn]:
        from tqdm import tqdm

        return tqdm(total=1, file=stream, bar_format=FORMAT, leave=self.leave, dynamic_ncols=True)


def _is_plain(stream: TextIO, asked: bool | None) -> bool:
    """Tell whether `stream` gets plain lines: as asked, or because it is no terminal."""
    if asked is not None:
        return asked
    try:
        return not stream.isatty()
    except ValueError:  # It is closed.
        return True


def _columns(bar: tqdm[NoReturn]) -> int | None:
    """Return how wide the bar's terminal is now; None where it is none."""
    measure = bar.dynamic_ncols
    return measure(bar.fp)[0] if callable(measure) else None
