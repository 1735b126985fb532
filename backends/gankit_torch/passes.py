"""How a network of a spec is run, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from gankit.errors import ConfigError
from gankit.layers import Place

Factors: TypeAlias = Callable[[Place, torch.Size, float], Tensor]
"""(layer, shape, rate) -> what its dropout multiplies by: 0, or 1 / chance of keeping."""


@dataclass(frozen=True)
class Pass:
    """One run of a network: at inference, unless there are `factors`.

    Attributes
    ----------
    labels
        `(n,)` int64 classes of the images, for layers that look at them.
    factors
        Dropout's, in training mode.
    halves
        How many batches lie behind each other, fakes and reals: batch statistics are each one's.
    moves
        Whether running state moves, for later passes: this one computes with what it finds.
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
        """Whether a layer sees a batch, or each image by itself."""
        return self.factors is not None

    def product(
        self, operation: Callable[[Tensor, Tensor], Tensor], inputs: Tensor, kernel: Tensor
    ) -> Tensor:
        """Return the product of inputs and kernel, in their own precision.

        Its factors are rounded where training is mixed, and so are those of its derivatives.
        """
        if not self.mixed:
            return operation(inputs, kernel)
        return operation(inputs.bfloat16(), kernel.bfloat16()).to(inputs.dtype)


def known(labels: Tensor | None) -> Tensor:
    """Return the labels, for what cannot do without; ConfigError where a batch has none."""
    if labels is None:
        raise ConfigError("the network looks at classes; the batch has no labels")
    return labels
