"""The operations of losses and of augmentations, on torch tensors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function


class TorchOps:
    """`gankit.losses.LossOps` and `gankit.augment.AugmentOps` on tensors."""

    def softplus(self, logits: Tensor) -> Tensor:
        """Return log(1 + exp(logits)); torch's own is linear above 20, too coarse for float64."""
        return torch.logaddexp(logits, logits.new_zeros(()))

    def relu(self, logits: Tensor) -> Tensor:
        """Return max(logits, 0)."""
        return logits.relu()

    def mean(self, logits: Tensor) -> Tensor:
        """Return the mean over the batch."""
        return logits.mean()

    def mean_over(self, images: Tensor, axes: tuple[int, ...]) -> Tensor:
        """Return the mean over `axes`, which remain as axes of length 1."""
        return images.mean(axes, keepdim=True)

    def shift(self, images: Tensor, offsets: Tensor) -> Tensor:
        """Shift each image down and right by its row of `offsets`, `(B, 2)`; fill with zeros."""
        shifted: Tensor = _Shift.apply(images, offsets)  # type: ignore[no-untyped-call]
        return shifted

    def below(self, numbers: Tensor, threshold: float) -> Tensor:
        """Return 1 where a number is below the threshold and 0 elsewhere."""
        return (numbers < threshold).to(numbers.dtype)


class _Shift(Function):
    """A shift, whose derivative is the shift back; indexing would have to sum its gradients."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, offsets: Tensor) -> Tensor:  # noqa: ANN401 - torch's.
        ctx.save_for_backward(offsets)
        return _shift(images, offsets)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401 - torch's.
        (offsets,) = ctx.saved_tensors
        back: Tensor = _Shift.apply(gradient, -offsets)  # type: ignore[no-untyped-call]
        return back, None


def _shift(images: Tensor, offsets: Tensor) -> Tensor:
    count, height, width, _ = images.shape
    rows = torch.arange(height, device=images.device) - offsets[:, :1]
    columns = torch.arange(width, device=images.device) - offsets[:, 1:]
    inside = _inside(rows, height)[:, :, None] & _inside(columns, width)[:, None]
    image = torch.arange(count, device=images.device)[:, None, None]
    row, column = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    return images[image, row[:, :, None], column[:, None]] * inside[..., None]


def _inside(positions: Tensor, side: int) -> Tensor:
    return (positions >= 0) & (positions < side)
