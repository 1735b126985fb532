"""Mark a clause with its level.

The level's name becomes an attribute of the test too, by which pytest selects: `pytest -k resume`.
Every project that uses the kit would have to register a pytest mark.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Marked = TypeVar("Marked", bound=Callable[..., object])


def level(name: str) -> Callable[[Marked], Marked]:
    """Mark a test with its level, or each test of a class that has no mark yet."""

    def mark(marked: Marked) -> Marked:
        if not isinstance(marked, type):
            _mark(marked, name)
            return marked
        for attribute, test in vars(marked).items():
            if attribute.startswith("test_") and not level_of(test):
                _mark(test, name)
        return marked

    return mark


def level_of(test: Callable[..., object]) -> str:
    """Return the level that a test is marked with, or an empty string."""
    return getattr(test, "level", "")


def _mark(test: Callable[..., object], name: str) -> None:
    vars(test).update({"level": name, name: True})
