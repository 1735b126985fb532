"""How often each fault is tested, and where the results are recorded.

`make test` runs the short figures, `make crash` the long ones (`GANKIT_CRASH=full`), whose results
`tests/crash/table.py` writes into docs/reliability.md.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

FULL = os.environ.get("GANKIT_CRASH") == "full"
NOTES = "GANKIT_CRASH_NOTES"
"""The environment's name for the file that gets a line of JSON for each result."""


def short_or_full(short, full):
    """Return the short or the long number, by `GANKIT_CRASH`."""
    return full if FULL else short


def record(row, result):
    """Record a test's result for the row of that name in the table.

    >>> record("kill-store", "300 SIGKILLs, 246 inside a save, none lost")
    """
    if path := os.environ.get(NOTES):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"row": row, "result": result}) + "\n")
