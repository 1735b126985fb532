"""A smooth hinge loss, whose gradient does not vanish for logits beyond the margin."""

from __future__ import annotations

from gankit import hookimpl
from gankit.losses import Loss, LossOps, Tensor

SHARPNESS = 4.0
"""The loss is at most log(2) / SHARPNESS above the hinge loss, at the margin."""


@hookimpl
def gankit_losses() -> list[Loss]:
    """Return the loss `soft-hinge`."""
    return [Loss("soft-hinge", discriminator, generator, of_fakes=of_fakes)]


def discriminator(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    """Return E soft(1 - real) + E soft(1 + fake), a scalar, for `(n,)` logits."""
    return ops.mean(soft(ops, 1 - real)) + of_fakes(ops, fake)


def generator(ops: LossOps, _real: Tensor, fake: Tensor) -> Tensor:
    """Return -E fake, as the hinge loss; `real` is None, because the loss is not `paired`."""
    return -ops.mean(fake)


def of_fakes(ops: LossOps, fake: Tensor) -> Tensor:
    """Return the term of the discriminator's loss for fakes, which label smoothing needs."""
    return ops.mean(soft(ops, 1 + fake))


def soft(ops: LossOps, logits: Tensor) -> Tensor:
    """Return softplus(s * logits) / s, which approaches relu(logits) for a large sharpness s."""
    return (1 / SHARPNESS) * ops.softplus(SHARPNESS * logits)
