"""Lay out table rows whose last column wraps."""

from __future__ import annotations

import shutil
import textwrap

NARROWEST, WIDEST = 40, 120
_LEAST_LAST_COLUMN = 24
"""Least width of the last column; below it, the column gets its own lines."""


def hanging(first: str, last: str, deep: int | None = None) -> str:
    """Return `first` and `last` wrapped to the terminal, later lines indented.

    Parameters
    ----------
    deep
        Indentation of later lines; by default the width of `first`.
    """
    width = max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST))
    deep = len(first) if deep is None else deep
    if width - deep < _LEAST_LAST_COLUMN:
        deep = 4
    lines = textwrap.wrap(
        last, width, initial_indent=first, subsequent_indent=" " * deep, break_on_hyphens=False,
        break_long_words=False, drop_whitespace=True,
    )  # fmt: skip
    return "\n".join(line.rstrip() for line in lines) or first.rstrip()
