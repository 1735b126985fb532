"""Lines of a table whose last column is as long as it likes."""

from __future__ import annotations

import shutil
import textwrap

NARROWEST, WIDEST = 40, 120
_ROOM = 24
"""Columns that the last column gets at least; else it stands on lines of its own."""


def hanging(first: str, last: str, deep: int | None = None) -> str:
    """Return `first` and `last` on as many lines as it takes, the later ones set in.

    Parameters
    ----------
    deep
        Columns that later lines are set in; the width of `first`, by default.
    """
    width = max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST))
    deep = len(first) if deep is None else deep
    if width - deep < _ROOM:
        deep = 4
    lines = textwrap.wrap(
        last, width, initial_indent=first, subsequent_indent=" " * deep, break_on_hyphens=False,
        break_long_words=False, drop_whitespace=True,
    )  # fmt: skip
    return "\n".join(line.rstrip() for line in lines) or first.rstrip()
