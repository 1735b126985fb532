"""Sums over the processes that train together, of torch's tensors.

One collective is used, the sum of a tensor over all processes. Each process must call it in the
same order; the order of torch's derivatives follows from the losses, which are the same in all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.autograd import Function

from gankit.contract import World
from gankit.functional import ONE_PROCESS, Sums, Tensors
from gankit_torch.processes import Groups

Reduce: TypeAlias = Callable[[Tensor], Tensor]
"""Returns the sum of a contiguous tensor over all processes; it may write into the tensor."""


def sums_of(world: World) -> Sums:
    """Return the sums of a world: by torch.distributed if it was joined by that."""
    if world.size == 1:
        return ONE_PROCESS
    groups = getattr(world.total, "__self__", None)
    return TorchSums(world, groups.all_reduce if isinstance(groups, Groups) else _by_host(world))


@dataclass(frozen=True)
class TorchSums:
    """The sums of several processes; see `gankit.functional.Sums`.

    Attributes
    ----------
    world
        The processes.
    reduce
        Sums a tensor.
    """

    world: World
    reduce: Reduce

    def total(self, x: Tensor, /) -> Tensor:
        """Return the sum over the processes of `x`; its derivative is the sum of gradients."""
        summed: Tensor = _Total.apply(x, self.reduce)  # type: ignore[no-untyped-call]
        return summed

    def whole(self, batch: int, /, *rows: Tensor) -> tuple[Tensor, ...]:
        """Return the rows of all processes, for each of `rows`, by one sum."""
        own = self.world.rows(batch)
        joined: Tensor = _Whole.apply(torch.stack(rows), batch, own, self.reduce)  # type: ignore[no-untyped-call]
        return joined.unbind()

    def summed(self, gradients: Tensors, /) -> Tensors:
        """Return the sums of gradients, by one sum of all their numbers."""
        flat = self.reduce(torch.cat([g.reshape(-1) for g in gradients.values()]))
        parts = torch.split(flat, [g.numel() for g in gradients.values()])
        # The optimizers need the strides of the parameters, which the gradients have.
        return {
            name: torch.empty_like(gradient).copy_(part.view(gradient.shape))
            for (name, gradient), part in zip(gradients.items(), parts, strict=True)
        }


class _Total(Function):
    """The sum of all processes' tensors."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, reduce: Reduce) -> Tensor:  # noqa: ANN401 - torch's.
        ctx.reduce = reduce
        return reduce(x.detach().clone(memory_format=torch.contiguous_format))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401 - torch's.
        summed: Tensor = _Total.apply(gradient, ctx.reduce)  # type: ignore[no-untyped-call]
        return summed, None


class _Whole(Function):
    """The rows of all processes, `(k, batch, ...)`; the derivative takes this process's rows."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, batch: int, own: slice, reduce: Reduce) -> Tensor:  # noqa: ANN401 - torch's.
        ctx.own = own
        whole = rows.new_zeros((rows.shape[0], batch, *rows.shape[2:]))
        whole[:, own] = rows
        return reduce(whole)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:  # noqa: ANN401 - torch's.
        return gradient[:, ctx.own], None, None, None


def _by_host(world: World) -> Reduce:
    """Return a sum by the world's own, for a world that was not joined by torch.distributed."""

    def reduce(x: Tensor) -> Tensor:
        summed = world.total(x.double().cpu().numpy())
        return torch.from_numpy(summed).to(x.device, x.dtype)

    return reduce
