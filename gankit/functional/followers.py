"""Followers on a framework's tensors; `gankit.followers` says what a follower is."""

from __future__ import annotations

from gankit.followers import Follower
from gankit.functional.operations import Operations, Tensor, Tensors


def follow(
    ops: Operations, follower: Follower, scalars: Tensors, real: Tensor, fake: Tensor
) -> Tensors:
    """Return a follower's scalars after one discriminator update, float64 as before.

    Parameters
    ----------
    ops
        The operations on the tensors.
    follower
        The follower.
    scalars
        Its float64 scalars before the update.
    real, fake
        The `(B,)` logits of the real and of the generated images, constants, in the problem's
        precision.
    """
    return dict(follower.follow(ops, scalars, ops.float64(real), ops.float64(fake)))
