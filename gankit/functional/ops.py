"""The operations of losses and augmentations, over a framework."""

from __future__ import annotations

from dataclasses import dataclass

from gankit.functional.forward import relu
from gankit.functional.framework import Framework, Tensor


@dataclass(frozen=True)
class FrameworkOps:
    """`gankit.losses.LossOps` and `gankit.augment.AugmentOps` on tensors of a framework."""

    framework: Framework

    def softplus(self, logits: Tensor) -> Tensor:
        """Return log(1 + exp(x))."""
        return self.framework.softplus(logits)

    def relu(self, logits: Tensor) -> Tensor:
        """Return max(x, 0)."""
        return relu(self.framework.xp, logits)

    def mean(self, logits: Tensor) -> Tensor:
        """Return the mean over the batch."""
        return self.framework.xp.mean(logits)

    def mean_over(self, images: Tensor, axes: tuple[int, ...]) -> Tensor:
        """Return the mean over `axes`, which remain as axes of length 1."""
        return self.framework.xp.mean(images, axis=axes, keepdims=True)

    def shift(self, images: Tensor, offsets: Tensor) -> Tensor:
        """Shift each image down and right by its row of `offsets`."""
        return self.framework.shift(images, offsets)

    def below(self, numbers: Tensor, threshold: Tensor) -> Tensor:
        """Return 1 where a number is below the threshold, else 0."""
        xp, ones = self.framework.xp, self.framework.xp.ones_like(numbers)
        below = numbers < self.framework.scale(threshold, ones)
        return xp.where(below, ones, xp.zeros_like(numbers))
