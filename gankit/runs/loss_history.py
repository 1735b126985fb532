"""The losses of a run, as an array with a name for each column."""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType
from typing import Any, SupportsIndex, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

_Item: TypeAlias = (
    SupportsIndex | slice | EllipsisType | NDArray[np.integer | np.bool_] | Sequence[int] | None
)
Part: TypeAlias = _Item | tuple[_Item, ...]
"""What selects a part of an array, as NumPy's own: a number, a slice, an array, or several."""


class LossHistory(np.ndarray[tuple[Any, ...], np.dtype[np.float64]]):
    """`(steps, 2)` float64: the discriminator's and the generator's loss of every step.

    A NumPy array with two more properties. Rows, slices and results of NumPy functions are plain
    arrays.

    >>> history = LossHistory([[1.4, 0.7], [1.3, 0.8]])
    >>> history.discriminator, history.generator
    (array([1.4, 1.3]), array([0.7, 0.8]))
    >>> history[-1]
    array([1.3, 0.8])
    """

    def __new__(cls, losses: ArrayLike) -> LossHistory:
        """Return a copy of `(steps, 2)` losses."""
        return np.array(losses, np.float64).reshape(-1, 2).view(cls)

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
