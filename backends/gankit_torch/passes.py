"""The settings of one forward pass of a spec's network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from gankit.errors import ConfigError
from gankit.layers import Place

Factors: TypeAlias = Callable[[Place, torch.Size, float], Tensor]
"""(layer, shape, rate) -> the factors of its dropout: 0, or 1 / probability of keeping."""


@dataclass(frozen=True)
class Pass:
    """One forward pass of a network: at inference, unless there are `factors`.

    Attributes
    ----------
    labels
        `(n,)` int64 classes of the images, for class-conditional layers.
    factors
        Dropout's, in training mode.
    halves
        Number of concatenated batches, fakes and reals: each has its own batch statistics.
    moves
        Whether running state changes, for later passes: this one uses the old values.
    mixed
        Whether the factors of products are rounded to bfloat16.
    """

    labels: Tensor | None = None
    factors: Factors | None = None
    halves: int = 1
    moves: bool = False
    mixed: bool = False

    @property
    def training(self) -> bool:
        """Whether layers use batch statistics."""
        return self.factors is not None

    def product(
        self, operation: Callable[[Tensor, Tensor], Tensor], inputs: Tensor, kernel: Tensor
    ) -> Tensor:
        """Return the product of inputs and kernel, in their own precision.

        Its factors are rounded if training is mixed, and so are those of its derivatives.
        """
        if not self.mixed:
            return operation(inputs, kernel)
        return operation(inputs.bfloat16(), kernel.bfloat16()).to(inputs.dtype)


def known(labels: Tensor | None) -> Tensor:
    """Return the labels; ConfigError if a batch has none."""
    if labels is None:
        raise ConfigError("the network is class-conditional; the batch has no labels")
    return labels
