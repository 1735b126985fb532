"""Names of classes: their order, and how they are told in a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

TOLD = 12
"""How many classes a line names."""


def are_numbers(names: Iterable[str]) -> bool:
    """Tell whether every name is a whole number, as in labels from 1 to 10, or years.

    >>> are_numbers(["1", "10"]), are_numbers(["1", "cat"]), are_numbers([])
    (True, False, False)
    """
    names = list(names)
    return bool(names) and all(re.fullmatch(r"-?[0-9]{1,18}", name) for name in names)


def in_order(names: Iterable[str]) -> list[str]:
    """Return names sorted: as numbers if all are, else by the codes of their characters.

    >>> in_order(["10", "2", "0"]), in_order(["b", "10", "a"])
    (['0', '2', '10'], ['10', 'a', 'b'])
    """
    names = sorted(names)
    return sorted(names, key=int) if are_numbers(names) else names


def listed(names: Sequence[str]) -> str:
    """Return the first names with commas, and how many more there are.

    >>> listed(["cat", "dog"])
    'cat, dog'
    """
    more = f" and {len(names) - TOLD:,} more" if len(names) > TOLD else ""
    return ", ".join(names[:TOLD]) + more
