"""Parts of a measurement: each within a share of the time, and resumed row by row.

A part has a file with its rows, written after each row. What is in it is not measured again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from gankit._utils import atomic_files

Row: TypeAlias = dict[str, Any]


class Rows:
    """The rows of a part, by name, and whether the part is done."""

    def __init__(self, file: Path) -> None:
        kept = json.loads(file.read_text("utf-8")) if file.exists() else {}
        self.file = file
        self.found: dict[str, Row] = kept.get("rows", {})
        self.done: bool = kept.get("done", False)

    def add(self, name: str, row: Row) -> None:
        """Add or replace a row, and write the file."""
        self.found[name] = row
        self._write()

    def finish(self) -> None:
        """Mark the part as done."""
        self.done = True
        self._write()

    def _write(self) -> None:
        content = json.dumps({"done": self.done, "rows": self.found}, indent=1)
        atomic_files.write_file(self.file, content.encode())


def measure(
    rows: Rows,
    units: Mapping[str, Callable[[], Row]],
    end: float,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Measure each unit that has no row; begin none after `end`, a time of the clock.

    A unit that fails has a row with its "error", so that the others are measured.
    """
    for name, unit in units.items():
        if name in rows.found:
            continue
        if clock() >= end:
            return
        try:
            rows.add(name, unit())
        except Exception as error:
            text = str(error).strip().splitlines() or ["no message"]
            rows.add(name, {"error": f"{type(error).__name__}: {text[0]}"})
    rows.finish()


def deadlines(shares: Mapping[str, float], seconds: float) -> dict[str, float]:
    """Return when each part ends, in seconds; what one leaves, the next ones have.

    >>> deadlines({"a": 1, "b": 3}, 60)
    {'a': 15.0, 'b': 60.0}
    """
    whole, ends, so_far = sum(shares.values()), {}, 0.0
    for name, share in shares.items():
        so_far += share
        ends[name] = seconds * so_far / whole
    return ends


def table(rows: Mapping[str, Row]) -> str:
    """Return a line for each row, and a column for each key."""
    keys = list(dict.fromkeys(key for row in rows.values() for key in row))
    lines = [["", *keys]]
    lines += [[name, *(_text(row.get(key)) for key in keys)] for name, row in rows.items()]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    first, *others = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join([first, *others]).rstrip()


def _text(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.3g}" if value < 1 else f"{value:,.1f}"
        case list():
            return ", ".join(map(_text, value)) or "none"
    return str(value)
