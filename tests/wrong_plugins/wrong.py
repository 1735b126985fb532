"""What a wrong loss or data set is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Wrong:
    """A loss or a data set with one fault.

    Attributes
    ----------
    thing
        The `Loss` or `Dataset`; its name says what is wrong.
    clauses
        The tests that must fail.
    """

    thing: Any
    clauses: tuple[str, ...]
