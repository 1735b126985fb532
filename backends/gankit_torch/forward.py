"""The settings of one forward pass through a spec's network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from gankit.errors import ConfigError
from gankit.functional import ONE_PROCESS, Sums
from gankit.layers import Place

DropoutFactors: TypeAlias = Callable[[Place, torch.Size, float], Tensor]
"""(layer, shape, rate) -> the factors of its dropout: 0, or 1 / probability of keeping."""


@dataclass(frozen=True)
class ForwardSettings:
    """The settings of one forward pass: in training mode with `dropout`, else in inference mode.

    Attributes
    ----------
    labels
        `(n,)` int64 classes of the images, or `(n, columns)` vectors, for conditional layers.
    dropout
        Dropout's factors, in training mode.
    halves
        Number of concatenated batches, fakes and reals: each has its own batch statistics.
    moving
        Whether this pass moves the running state; the pass itself uses the old values.
    mixed
        Whether the factors of matrix products are rounded to bfloat16.
    sums
        The sums over the processes, for the statistics of the whole batch.
    others
        The network's inputs after the first.
    """

    labels: Tensor | None = None
    dropout: DropoutFactors | None = None
    halves: int = 1
    moving: bool = False
    mixed: bool = False
    sums: Sums = ONE_PROCESS
    others: tuple[Tensor, ...] = ()

    @property
    def training(self) -> bool:
        """Whether layers use batch statistics."""
        return self.dropout is not None

    def multiply(
        self, operation: Callable[[Tensor, Tensor], Tensor], inputs: Tensor, kernel: Tensor
    ) -> Tensor:
        """Return the product of inputs and kernel, in their own precision.

        With `mixed` its factors are rounded, and so are those of its derivatives.
        """
        if not self.mixed:
            return operation(inputs, kernel)
        return operation(inputs.bfloat16(), kernel.bfloat16()).to(inputs.dtype)


def require_labels(labels: Tensor | None) -> Tensor:
    """Return the labels; ConfigError if they are None."""
    if labels is None:
        raise ConfigError("the network is class-conditional; the batch has no labels")
    return labels
