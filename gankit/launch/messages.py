"""Lines for the person who waits: `Tell` is where they go."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from gankit._text import printable

Tell = Callable[[str], None]
"""Takes one line for the person who waits."""


def warn(line: str) -> None:
    """Warn; the command prints it as a line of its own."""
    warnings.warn(printable(line), stacklevel=2)


def silent(_line: str) -> None:
    """Show nothing."""
