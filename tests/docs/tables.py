"""Tables of Markdown pages."""

from __future__ import annotations


def table(page, head):
    """Return the rows of the table whose first columns are `head`, of a page's text."""
    rows = page.partition(f"\n| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    assert rows, f"no table of {head}"
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
