"""An additional table of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A table near the top of a page.

    Attributes
    ----------
    title
        The heading.
    columns
        The heading of each column.
    rows
        Rows of one value per column, shown by `str`; the first value names the row.
    note
        A sentence below the heading.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    note: str = ""
