"""Format table rows whose last column wraps."""

from __future__ import annotations

import shutil
import textwrap

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
