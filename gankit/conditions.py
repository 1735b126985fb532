"""Conditions: labels that are vectors, with the name and the range of each column.

A label may be a vector of real numbers, such as an angle and a width, or of attributes of 0 and 1.
Conditional layers are linear in it; a class is the special case of a one-hot vector. Real numbers
are scaled to [-1, 1] over their range, so that networks train alike in any unit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._utils.field_types import check_fields
from gankit._utils.known_arguments import known_arguments
from gankit._utils.plain_numbers import plain_numbers
from gankit.errors import ConfigError, shown


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Condition:
    """One column of labels that are vectors.

    Attributes
    ----------
    name
        Its name, without "=".
    low, high
        Its least and greatest value in the training images.
    binary
        Whether it is an attribute, 0 or 1, instead of a real number; False by default.
    """

    name: str
    low: float
    high: float
    binary: bool = False

    def __post_init__(self) -> None:
        """Raise ConfigError for values of the wrong type or range."""
        check_fields(self, "condition")
        if not self.name.strip() or "=" in self.name:
            raise ConfigError(f"condition.name: got {shown(self.name)}; expected text without '='")
        if not -math.inf < self.low <= self.high < math.inf:
            raise ConfigError(
                f"condition {self.name!r}: got low {self.low:g} and high {self.high:g}; expected "
                "finite numbers, low at most high"
            )
        if self.binary and (self.low, self.high) != (0, 1):
            raise ConfigError(
                f"condition {self.name!r}: got {self.low:g} to {self.high:g}; expected 0 to 1 of a "
                "binary condition"
            )


def conditions_of(labels: NDArray[Any], names: Sequence[str]) -> tuple[Condition, ...]:
    """Return the condition of each column of `(N, d)` labels.

    Ranges have four digits. Columns without names are called a, b, c, ...; those of 0 and 1 alone
    are binary.

    Parameters
    ----------
    labels
        `(N, d)` finite numbers, at least one row.
    names
        The d names, or none.

    >>> conditions_of(np.array([[-30.0, 0.0], [30.0, 1.0]]), ["angle", "serif"])[0]
    Condition(name='angle', low=-30.0, high=30.0, binary=False)
    """
    columns = np.asarray(labels).T
    names = names or [_letters(number) for number in range(len(columns))]
    found = []
    for name, column in zip(names, columns, strict=True):
        binary = bool(np.isin(column, (0, 1)).all())
        low, high = (0.0, 1.0) if binary else (_rounded(column.min()), _rounded(column.max()))
        found.append(Condition(name, low, high, binary))
    return tuple(found)


def _rounded(number: float) -> float:
    """Return a number with four digits, as in a configuration file that is read by people."""
    return float(f"{number:.4g}")


def scaled(conditions: Sequence[Condition], labels: NDArray[Any]) -> NDArray[np.float64]:
    """Return `(N, d)` labels as networks take them: real numbers from -1 at low to 1 at high.

    Numbers outside the range continue the scale; binary columns are unchanged.

    Parameters
    ----------
    conditions
        The d conditions.
    labels
        `(N, d)`, in the units of the data.

    >>> scaled([Condition("angle", -30, 30)], np.array([[-30.0], [15.0]])).tolist()
    [[-1.0], [0.5]]
    """
    middles, halves = _scales(conditions)
    made: NDArray[np.float64] = (np.asarray(labels, np.float64) - middles) / halves
    return made


def unscaled(conditions: Sequence[Condition], labels: NDArray[Any]) -> NDArray[np.float64]:
    """Return `(N, d)` labels in the units of the data, from those that networks take.

    Parameters
    ----------
    conditions
        The d conditions.
    labels
        `(N, d)`, as `scaled` returns them.

    >>> unscaled([Condition("angle", -30, 30)], np.array([[-1.0], [0.5]])).tolist()
    [[-30.0], [15.0]]
    """
    middles, halves = _scales(conditions)
    made: NDArray[np.float64] = np.asarray(labels, np.float64) * halves + middles
    return made


def _scales(conditions: Sequence[Condition]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the `(d,)` middle and half of each range; 0 and 1 of a binary condition."""
    ends = np.array([(0.0, 0.0) if c.binary else (c.low, c.high) for c in conditions])
    low, high = ends.reshape(-1, 2).T
    half = (high - low) / 2
    return (low + high) / 2, np.where(half > 0, half, 1.0)


def spread(conditions: Sequence[Condition], n: int) -> NDArray[np.float64]:
    """Return `(n, d)` labels over the ranges: what a run generates if no label is given.

    The first column goes from low to high in equal steps; each further one follows a sequence that
    covers its range evenly, in another order (Roberts 2018: multiples of the generalised golden
    ratio). Binary columns are rounded.

    Parameters
    ----------
    conditions
        The d conditions.
    n
        Number of labels, at least 1.

    >>> spread([Condition("angle", -30, 30)], 3)[:, 0].tolist()
    [-30.0, 0.0, 30.0]
    """
    made = np.empty((n, len(conditions)))
    ratio = _golden_ratio(max(1, len(conditions) - 1))
    for number, condition in enumerate(conditions):
        shares = np.linspace(0, 1, n) if n > 1 else np.full(n, 0.5)
        if number:
            shares = (0.5 + np.arange(n) / ratio**number) % 1
        if condition.binary:
            shares = np.rint(shares)
        made[:, number] = condition.low + shares * (condition.high - condition.low)
    return made


def _golden_ratio(dimensions: int) -> float:
    """Return the root above 1 of x^(dimensions + 1) = x + 1."""
    root = 2.0
    for _ in range(64):
        root = (1 + root) ** (1 / (dimensions + 1))
    return root


def _letters(number: int) -> str:
    """Return a, b, ..., z, a1, b1, ..."""
    turn, letter = divmod(number, 26)
    return f"{chr(ord('a') + letter)}{turn or ''}"
