"""Gradient penalties, by the formulas of `gankit.penalties`."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gankit.penalties import Penalty


def steepness(penalty: Penalty, judge: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Return the penalty without its weight; `judge` returns `(B,)` logits of images."""
    images = images.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(judge(images).sum(), images, create_graph=True)
    squares = gradient.square().flatten(1).sum(1)
    if penalty.target == 0:
        return 0.5 * squares.mean()
    return ((squares + penalty.epsilon).sqrt() - penalty.target).square().mean()
