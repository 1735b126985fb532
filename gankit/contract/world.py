"""The processes that train one run together.

Each process draws the numbers of the whole batch, and computes its rows of it. Sums over the
processes then give each the losses, statistics and gradients of the whole batch, so the number of
processes changes the speed of a run and not its results.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit._utils.state import State
from gankit.errors import ConfigError

Numbers: TypeAlias = NDArray[np.float64]
WORD = np.dtype(np.uint32)
"""States are sent in words of this type: a float64 holds each exactly."""


def _of_one(numbers: Numbers) -> Numbers:
    """Return the sum over one process: `numbers`."""
    return numbers


@dataclass(frozen=True)
class World:
    """The processes that train one run together; by default, one.

    `total`, `each`, `of_chief`, `any` and `state_of_chief` are meetings: each process must call
    them in the same order. Whole numbers are at most 2^53.

    Attributes
    ----------
    rank
        Number of this process, from 0 to size - 1.
    size
        Number of processes, at least 1.
    total
        Returns the sum over the processes of an array, whose shape is the same in all. All get the
        same bits.
    """

    rank: int = 0
    size: int = 1
    total: Callable[[Numbers], Numbers] = _of_one

    @property
    def chief(self) -> bool:
        """Whether this process writes, prints and evaluates: that of rank 0."""
        return self.rank == 0

    def rows(self, batch: int) -> slice:
        """Return the rows of a batch of `batch` images that this process computes.

        Raises
        ------
        ConfigError
            There are more processes than images.

        >>> [World(rank, 3).rows(10) for rank in range(3)]
        [slice(0, 3, None), slice(3, 6, None), slice(6, 10, None)]
        """
        if batch < self.size:
            raise ConfigError(
                f"batch: got {batch} with {self.size} processes; expected at least one image for "
                "each process"
            )
        return self.share(batch)

    def share(self, batch: Any) -> slice:  # noqa: ANN401 - a number, or a framework's.
        """Return `rows` without the check; `batch` may be a number on a device."""
        return slice(*(batch * rank // self.size for rank in (self.rank, self.rank + 1)))

    def each(self, number: int) -> tuple[int, ...]:
        """Return the whole `number` that each process gives, in the order of ranks."""
        numbers = np.zeros(self.size)
        numbers[self.rank] = number
        return tuple(map(int, self.total(numbers)))

    def of_chief(self, number: int) -> int:
        """Return the whole `number` that the chief gives."""
        return number if self.size == 1 else self.each(number)[0]

    def any(self, flag: bool) -> bool:
        """Return whether `flag` is True in one process or more."""
        return flag if self.size == 1 else any(self.each(flag))

    def state_of_chief(self, state: State) -> State:
        """Return the chief's `state`, to the bit; all have the same names, shapes and dtypes."""
        if self.size == 1:
            return state
        return {name: self._array_of_chief(state[name]) for name in sorted(state)}

    def _array_of_chief(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the chief's array: its bytes, summed with the zeros of the other processes."""
        content = array.tobytes()
        words = np.zeros(-(-len(content) // WORD.itemsize), WORD)
        if self.chief:
            words.view(np.uint8)[: len(content)] = np.frombuffer(content, np.uint8)
        summed = self.total(words.astype(np.float64)).astype(WORD).view(np.uint8)
        return np.frombuffer(summed.tobytes(), array.dtype, array.size).reshape(array.shape).copy()


ALONE = World()
"""The world of a process that trains alone."""
