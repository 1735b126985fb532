"""Adaptive augmentation: its probability follows the discriminator (`gankit.augment.Augment`)."""

from __future__ import annotations

from gankit.augment import Augment
from gankit.functional.framework import Framework, Tensor, Tensors


def follow(framework: Framework, augment: Augment, state: Tensors, real: Tensor) -> Tensors:
    """Return the state after one discriminator update.

    Parameters
    ----------
    framework
        The framework of the tensors.
    augment
        The augmentation.
    state
        "p", "signs" and "updates", float64 scalars.
    real
        `(B,)` logits of the real images.
    """
    xp, batch = framework.xp, real.shape[0]
    # A sum of signs is exact in float32, their mean is not.
    signs = state["signs"] + framework.float64(xp.sum(xp.sign(real))) / batch
    updates = state["updates"] + 1
    step = batch * augment.every / augment.images
    moved = xp.clip(state["p"] + xp.sign(signs / updates - augment.target) * step, 0.0, 1.0)
    due, zero = updates >= augment.every, xp.zeros_like(signs)
    return {
        "p": xp.where(due, moved, state["p"]),
        "signs": xp.where(due, zero, signs),
        "updates": xp.where(due, zero, updates),
    }
