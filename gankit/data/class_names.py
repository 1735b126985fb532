"""Names of classes: their order, their text in messages, and look-up by name or number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gankit.errors import ConfigError, did_you_mean, shown

MOST_LISTED = 12
"""The most class names in one line."""


def are_numbers(names: Iterable[str]) -> bool:
    """Return whether every name is a whole number, such as 1 to 10 or years.

    >>> are_numbers(["1", "10"]), are_numbers(["1", "cat"]), are_numbers([])
    (True, False, False)
    """
    names = list(names)
    return bool(names) and all(re.fullmatch(r"-?[0-9]{1,18}", name) for name in names)


def in_order(names: Iterable[str]) -> list[str]:
    """Return names sorted: as numbers if all are, else by character codes.

    >>> in_order(["10", "2", "0"]), in_order(["b", "10", "a"])
    (['0', '2', '10'], ['10', 'a', 'b'])
    """
    names = sorted(names)
    return sorted(names, key=int) if are_numbers(names) else names


def listed(names: Sequence[str]) -> str:
    """Return the first names, comma-separated, and the number of the others.

    >>> listed(["cat", "dog"])
    'cat, dog'
    """
    more = f" and {len(names) - MOST_LISTED:,} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more


@dataclass(frozen=True)
class Classes:
    """The classes of a class-conditional network, with their names.

    A class is selected by its name. If no name is a number, its number, from 0, works too; if the
    names are numbers, such as years, then a number is always a name.

    Attributes
    ----------
    names
        The names of classes 0, 1, ...
    """

    names: tuple[str, ...]

    @classmethod
    def of(cls, names: Sequence[str], count: int) -> Classes:
        """Return `count` classes; those without a name are named by their number."""
        known = tuple(names[:count])
        return cls(known + tuple(str(i) for i in range(len(known), count)))

    @property
    def plain(self) -> bool:
        """Whether the names are the numbers 0, 1, ..."""
        return self.names == tuple(str(i) for i in range(len(self.names)))

    def labels(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the labels by which `Run.sample` selects the classes with these numbers.

        They are the numbers themselves, or the names if those are numbers.
        """
        if not are_numbers(self.names):
            return numbers
        names: NDArray[np.int64] = np.array([int(name) for name in self.names], np.int64)
        labels: NDArray[np.int64] = names[numbers]
        return labels

    def number(self, label: str | int) -> int:
        """Return the number, from 0, of the class with a name or number; ConfigError if unknown.

        >>> Classes(("cat", "dog")).number("dog"), Classes(("cat", "dog")).number(1)
        (1, 1)
        >>> Classes(("2019", "2024")).number(2024)
        1
        """
        if label in self.names:
            return self.names.index(str(label))
        if re.fullmatch(r"-?[0-9]{1,18}", str(label)):
            if are_numbers(self.names):
                known = [int(name) for name in self.names]
                if int(label) in known:
                    return known.index(int(label))
            elif 0 <= int(label) < len(self.names):
                return int(label)
        near = "" if are_numbers(self.names) else did_you_mean(str(label), self.names)
        raise ConfigError(f"no class {shown(label)}; {self}{near}")

    def numbers(self, labels: NDArray[np.generic]) -> NDArray[np.int64]:
        """Return the class numbers of an array, (n,) of whole numbers or strings."""
        different, indices = np.unique(labels, return_inverse=True)
        found = [self.number(label) for label in different.tolist()]
        numbers: NDArray[np.int64] = np.array(found, np.int64)[indices.reshape(labels.shape)]
        return numbers

    def __str__(self) -> str:
        if self.plain:
            return f"the classes are 0 to {len(self.names) - 1}"
        return f"the classes are {listed(self.names)}"
