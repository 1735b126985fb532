"""Messages for the user: `Tell` is the type of functions that print them."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from gankit._text import printable
from gankit._utils import stack_level

Tell = Callable[[str], None]
"""Takes one line to print for the user."""


def warn(line: str) -> None:
    """Warn; the command prints the warning on one line."""
    warnings.warn(printable(line), stacklevel=stack_level.of_user())


def silent(_line: str) -> None:
    """Print nothing."""
