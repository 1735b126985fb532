"""A table beside those of a page's runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A table near the top of a page.

    Attributes
    ----------
    title
        Its heading.
    columns
        What stands above each column.
    rows
        Each with one value for a column; the first names the row. Values are shown as `str` has
        them.
    note
        A sentence below the heading.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    note: str = ""
