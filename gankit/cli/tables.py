"""Format tables: aligned columns, and rows whose last column wraps."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Collection, Sequence

NARROWEST, WIDEST = 40, 120
_LEAST_LAST_COLUMN = 24
"""The least width of the last column; if there is less, its later lines are indented by 4."""


def hanging(first: str, last: str, indent: int | None = None) -> str:
    """Return `first` and `last` wrapped to the terminal's width, with a hanging indent.

    Parameters
    ----------
    first, last
        Text of the first columns, and of the last, which is wrapped.
    indent
        Indentation of the lines after the first; by default the width of `first`.
    """
    width = max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST))
    indent = len(first) if indent is None else indent
    if width - indent < _LEAST_LAST_COLUMN:
        indent = 4
    lines = textwrap.wrap(
        last,
        width,
        initial_indent=first,
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
        break_long_words=False,
        drop_whitespace=True,
    )
    return "\n".join(line.rstrip() for line in lines) or first.rstrip()


def aligned(rows: Sequence[Sequence[object]], right: Collection[int]) -> list[str]:
    """Return rows as lines with aligned columns.

    Parameters
    ----------
    rows
        The rows, at least one, all of the same length.
    right
        Numbers of the columns that are aligned to the right, from 0.

    >>> aligned([("run", "steps"), ("a", 5)], right={1})
    ['run  steps', 'a        5']
    """
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in texts
    ]
