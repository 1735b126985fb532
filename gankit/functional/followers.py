"""Followers: named scalars of the state that follow the discriminator's logits.

A follower moves once after each discriminator update. The next updates read its scalars from
`Inputs.followers`. Its name and its initial scalars are those of `Problem.followers`.
"""

from __future__ import annotations

from gankit.augment import Augment
from gankit.functional.operations import Operations, Tensor, Tensors


def follow(
    ops: Operations,
    follower: Augment,
    state: Tensors,
    real: Tensor,
    fake: Tensor,  # noqa: ARG001 - this follower reads the real images' logits alone.
) -> Tensors:
    """Return a follower's scalars after one discriminator update, float64 as before.

    That of adaptive augmentation moves its probability p every few updates, by the mean sign of the
    real images' logits (Karras et al. 2020, "Training generative adversarial networks with limited
    data", section 3): up if it is above the target, which shows overfitting, else down.

    Parameters
    ----------
    ops
        The operations on the tensors.
    follower
        Which follower: an adaptive augmentation.
    state
        Its float64 scalars before the update: "p", in [0, 1], and "signs" and "updates", the sum
        of the mean signs and their number since p moved.
    real, fake
        The `(B,)` logits of the real and of the generated images, in the problem's precision.
    """
    return _probability(ops, follower, state, real)


def _probability(ops: Operations, augment: Augment, state: Tensors, real: Tensor) -> Tensors:
    """Return the probability of an adaptive augmentation (`gankit.augment.Augment`)."""
    xp, batch = ops.xp, ops.float64(ops.xp.sum(ops.xp.ones_like(real)))
    # A sum of signs is exact in float32, their mean is not.
    signs = state["signs"] + ops.float64(xp.sum(xp.sign(real))) / batch
    updates = state["updates"] + 1
    step = batch * augment.every / augment.images
    moved = xp.clip(state["p"] + xp.sign(signs / updates - augment.target) * step, 0.0, 1.0)
    due, zero = updates >= augment.every, xp.zeros_like(signs)
    return {
        "p": xp.where(due, moved, state["p"]),
        "signs": xp.where(due, zero, signs),
        "updates": xp.where(due, zero, updates),
    }
