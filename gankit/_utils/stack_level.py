"""Where a warning says that it comes from: the user's line, not one of gankit."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = f"{Path(__file__).parents[1]}{os.sep}"
"""The folder of gankit's code."""


def of_user() -> int:
    """Return the `stacklevel` with which `warnings.warn` names the first line outside gankit.

    Call it in the arguments of `warnings.warn`. If all callers are in gankit, as in a command, it
    is that of the outermost.
    """
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    return level
