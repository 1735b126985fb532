"""The log of a run's time: after which step how many seconds of training had passed.

{"step": 300, "seconds": 12.5}

A run writes a line every few seconds, and further apart the longer it trains. Equal runs have
different times, so no other file of a run has them.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import numpy as np

from gankit._utils import atomic_files
from gankit._utils.storage import read_plain
from gankit.contract import Array
from gankit.errors import CheckpointError

MOST_BYTES = 2**20
"""The most bytes of the file; a month of training has fewer than a thousand lines."""
MOST_STEPS = 2**53


def append(path: Path, step: int, seconds: float) -> None:
    """Add a line; the file is replaced atomically. StorageError on failure."""
    _write(path, [*read_valid(path).tolist(), [step, seconds]])


def read_valid(path: Path) -> Array:
    """Return `(n, 2)` float64, steps and seconds, without damaged lines; empty without a file.

    Both rise from line to line; a line that does not is left out.
    """
    found = [[0.0, 0.0]]
    try:
        lines = read_plain(path, MOST_BYTES).splitlines() if os.path.lexists(path) else []
    except CheckpointError:
        lines = []
    for line in lines:
        step, seconds = _parsed(line)
        if step > found[-1][0] and seconds >= found[-1][1]:
            found.append([step, seconds])
    return np.array(found[1:], np.float64).reshape(-1, 2)


def truncate(path: Path, steps: int) -> None:
    """Remove the lines after `steps`: the run resumes there."""
    times = read_valid(path)
    if (times[:, 0] > steps).any():
        _write(path, times[times[:, 0] <= steps].tolist())


def seconds_at(times: Array, steps: Array) -> Array:
    """Return the seconds after each of `steps`, between the lines in proportion.

    Parameters
    ----------
    times
        As `read_valid` returns them, at least one line.
    steps
        Steps in rising order; those after the last line get its seconds.

    >>> seconds_at(np.array([[10.0, 5.0], [20.0, 25.0]]), np.array([0, 5, 10, 15]))
    array([ 0. ,  2.5,  5. , 15. ])
    """
    known = np.concatenate([np.zeros((1, 2)), times])
    found: Array = np.interp(steps, known[:, 0], known[:, 1])
    return found


def _parsed(line: bytes) -> tuple[float, float]:
    """Return the step and the seconds of a line; NaN if it is damaged."""
    try:
        table = json.loads(line)
        step, seconds = table["step"], table["seconds"]
        numbers = type(step) is int and type(seconds) in (int, float)
        if numbers and 0 < step <= MOST_STEPS and 0 <= seconds < math.inf:
            return float(step), float(seconds)
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    return math.nan, math.nan


def _write(path: Path, times: list[list[float]]) -> None:
    lines = [json.dumps({"step": int(s), "seconds": round(t, 3)}) for s, t in times]
    atomic_files.write_file(path, "".join(f"{line}\n" for line in lines).encode())
