"""The losses of a run, as an array with a name for each column, and the values of terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import EllipsisType
from typing import Any, SupportsIndex, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gankit.contract import Array

_Item: TypeAlias = (
    SupportsIndex | slice | EllipsisType | NDArray[np.integer | np.bool_] | Sequence[int] | None
)
Part: TypeAlias = _Item | tuple[_Item, ...]
"""What selects a part of an array, as NumPy's own: a number, a slice, an array, or several."""


class LossHistory(np.ndarray[tuple[Any, ...], np.dtype[np.float64]]):
    """`(steps, 2)` float64: the discriminator's and the generator's loss of every step.

    A NumPy array with more properties. Rows, slices and results of NumPy functions are plain
    arrays.

    Attributes
    ----------
    terms
        The value of each term in every step, without its weight: `(steps,)` by the names of
        `Problem.loss_columns`, such as "generator/fake/digit". Empty without terms.

    >>> history = LossHistory([[1.4, 0.7], [1.3, 0.8]])
    >>> history.discriminator, history.generator
    (array([1.4, 1.3]), array([0.7, 0.8]))
    >>> history[-1]
    array([1.3, 0.8])
    """

    terms: Mapping[str, NDArray[np.float64]]

    def __new__(cls, losses: ArrayLike, terms: Mapping[str, Array] | None = None) -> LossHistory:
        """Return a copy of `(steps, 2)` losses; the terms are by default those of `losses`."""
        made = np.array(losses, np.float64).reshape(-1, 2).view(cls)
        given = getattr(losses, "terms", {}) if terms is None else terms
        made.terms = {name: np.asarray(values, np.float64) for name, values in given.items()}
        return made

    def __array_finalize__(self, array: object) -> None:
        """Keep the terms in a copy; other arrays made of this one have none."""
        same = isinstance(array, LossHistory) and array.shape == self.shape
        self.terms = array.terms if isinstance(array, LossHistory) and same else {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what pickles it, with the terms."""
        return LossHistory, (np.asarray(self), dict(self.terms))

    def until(self, step: int) -> LossHistory:
        """Return the first `step` steps, with their terms."""
        return LossHistory(self[:step], {name: each[:step] for name, each in self.terms.items()})

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """Return every column by its name, `(steps,)`: both losses, then the terms."""
        return {"discriminator": self.discriminator, "generator": self.generator, **self.terms}

    @property
    def discriminator(self) -> NDArray[np.float64]:
        """`(steps,)`: the discriminator's loss of every step."""
        return np.asarray(self)[:, 0]

    @property
    def generator(self) -> NDArray[np.float64]:
        """`(steps,)`: the generator's loss of every step."""
        return np.asarray(self)[:, 1]

    @overload  # type: ignore[override]
    def __getitem__(self, key: tuple[int, int]) -> np.float64: ...  # type: ignore[overload-overlap]
    @overload
    def __getitem__(self, key: Part) -> NDArray[np.float64]: ...
    def __getitem__(self, key: Part) -> NDArray[np.float64] | np.float64:
        """Return a part as a plain array, or a number."""
        return np.asarray(self)[key]

    def __array_wrap__(self, array: Any, *_: object) -> Any:  # noqa: ANN401 - as NumPy's own.
        """Return the result of a NumPy function as a plain array, or a number."""
        plain = np.asarray(array)
        return plain if plain.ndim else plain[()]
