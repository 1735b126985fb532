"""The three operations that a loss is made of."""

from __future__ import annotations

import torch
from torch import Tensor


class Ops:
    """`gankit.losses.Ops` on tensors."""

    def softplus(self, logits: Tensor) -> Tensor:
        """Return log(1 + exp(logits)); torch's own gives up at 20, which float64 can see."""
        return torch.logaddexp(logits, logits.new_zeros(()))

    def relu(self, logits: Tensor) -> Tensor:
        """Return max(logits, 0)."""
        return logits.relu()

    def mean(self, logits: Tensor) -> Tensor:
        """Return the mean over the batch."""
        return logits.mean()
