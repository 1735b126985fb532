"""How many times each fault of the battery strikes, and where the results are noted.

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
    """Return how often, for the run of the battery that this is."""
    return full if FULL else short


def record(row, result):
    """Note what a test of the battery found, for the row of that name in the table.

    >>> record("kill-store", "300 SIGKILLs, 246 inside a save, none lost")
    """
    if path := os.environ.get(NOTES):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"row": row, "result": result}) + "\n")
