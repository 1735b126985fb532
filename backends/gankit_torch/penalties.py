"""Gradient penalties, by the formulas of `gankit.penalties`."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gankit.penalties import Penalty


def gradient_penalty(
    penalty: Penalty, discriminator: Callable[[Tensor], Tensor], images: Tensor
) -> Tensor:
    """Return the penalty without its weight; `discriminator` returns `(B,)` logits of images."""
    images = images.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(images).sum(), images, create_graph=True)
    squared_norms = gradient.square().flatten(1).sum(1)
    if penalty.target == 0:
        return 0.5 * squared_norms.mean()
    return ((squared_norms + penalty.epsilon).sqrt() - penalty.target).square().mean()
