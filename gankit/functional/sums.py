"""Sums over the processes that train together, as the mathematics of an update needs them.

Each process computes its rows of the batch. `whole` collects rows, such as logits, and what is
computed from them is the same in every process, so its derivative is complete: each process takes
that of its own rows. `total` sums what each process has computed, and each continues with its own
rows, so derivatives are partial: they are summed too. So are the gradients of weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gankit.contract import World
from gankit.contract.world import ALONE
from gankit.functional.defaults import Tensor

Tensors = dict[str, Tensor]


class Sums(Protocol):
    """Sums over the processes of a world; each is a meeting, as in `gankit.contract.World`."""

    @property
    def world(self) -> World:
        """The processes."""
        ...

    def total(self, x: Tensor, /) -> Tensor:
        """Return the sum over the processes of `x`, of equal shape in all.

        Its derivative is the same sum of the gradients; it can be differentiated again.
        """
        ...

    def whole(self, batch: int | Tensor, /, *rows: Tensor) -> tuple[Tensor, ...]:
        """Return the `batch` rows of all processes for each of `rows`, this process's own.

        The derivative by its own rows is the gradient of these rows. All of `rows` have the same
        shape and dtype.
        """
        ...

    def summed(self, gradients: Tensors, /) -> Tensors:
        """Return the sums over the processes of `gradients` of weights, which are constants."""
        ...


@dataclass(frozen=True)
class OneProcess:
    """The sums of one process: nothing is changed."""

    world: World = ALONE

    def total(self, x: Tensor, /) -> Tensor:
        """Return `x`."""
        return x

    def whole(self, _batch: int | Tensor, /, *rows: Tensor) -> tuple[Tensor, ...]:
        """Return `rows`."""
        return rows

    def summed(self, gradients: Tensors, /) -> Tensors:
        """Return `gradients`."""
        return gradients


ONE_PROCESS = OneProcess()
"""The sums of a process that trains alone."""
