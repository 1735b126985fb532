"""A generator that minimises the discriminator's formula, as a change of the loss."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gankit.losses.loss import Formula, Loss
from gankit.losses.operations import LossOps, Tensor


@dataclass(frozen=True)
class _Swapped:
    """The generator's formula of `swapped`."""

    formula: Formula

    def __call__(self, ops: LossOps, real: Tensor, fake: Tensor, *scalars: object) -> Tensor:
        """Return the discriminator's loss with real and fake exchanged."""
        made: Tensor = self.formula(ops, fake, real, *scalars)
        return made


def swapped(loss: Loss) -> Loss:
    """Return `loss` with another formula of the generator: the discriminator's, exchanged.

    The generator minimises what the discriminator would minimise if real and generated values
    changed places (Donahue et al. 2017). So the networks that make the values of the real half, as
    an encoder does, learn too. It has the name of `loss`, and its generator uses real logits.
    """
    return replace(loss, generator=_Swapped(loss.discriminator), paired=True)
