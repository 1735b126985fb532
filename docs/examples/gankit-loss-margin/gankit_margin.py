"""A hinge with a soft corner, so that a logit beyond the margin still counts a little."""

from __future__ import annotations

from gankit import hookimpl
from gankit.losses import Loss, LossOps, Tensor

SHARPNESS = 4.0
"""How close to the hinge: at most log(2) / SHARPNESS above it, at the margin itself."""


@hookimpl
def gankit_losses() -> list[Loss]:
    """Offer the loss `soft-hinge`."""
    return [Loss("soft-hinge", discriminator, generator, of_fakes=of_fakes)]


def discriminator(ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
    """Return E soft(1 - real) + E soft(1 + fake), a scalar, of `(n,)` logits."""
    return ops.mean(soft(ops, 1 - real)) + of_fakes(ops, fake)


def generator(ops: LossOps, _real: Tensor, fake: Tensor) -> Tensor:
    """Return -E fake, as the hinge does; `real` is None here, for the loss is not `paired`."""
    return -ops.mean(fake)


def of_fakes(ops: LossOps, fake: Tensor) -> Tensor:
    """Return what fakes alone add to the discriminator's loss; label smoothing asks for it."""
    return ops.mean(soft(ops, 1 + fake))


def soft(ops: LossOps, logits: Tensor) -> Tensor:
    """Return softplus(s * logits) / s, which tends to relu(logits) as the sharpness s grows."""
    return (1 / SHARPNESS) * ops.softplus(SHARPNESS * logits)
