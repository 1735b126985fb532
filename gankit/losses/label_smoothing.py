"""One-sided label smoothing, as a change of the loss."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gankit._utils.field_types import fits
from gankit._utils.plain_numbers import number
from gankit.errors import ConfigError, shown
from gankit.losses.loss import Formula, FormulaOfFakes, Loss
from gankit.losses.operations import LossOps, Tensor


@dataclass(frozen=True)
class _Smoothed:
    """The discriminator's formula of `smoothed`."""

    formula: Formula
    of_fakes: FormulaOfFakes
    share: float

    def __call__(self, ops: LossOps, real: Tensor, fake: Tensor, *scalars: object) -> Tensor:
        """Return the smoothed loss."""
        plain: Tensor = self.formula(ops, real, fake, *scalars)
        swapped: Tensor = self.of_fakes(ops, real, *scalars) + self.of_fakes(ops, fake, *scalars)
        return (1 - self.share) * plain + self.share * swapped


def smoothed(loss: Loss, share: float) -> Loss:
    """Return `loss` with one-sided label smoothing (Salimans et al. 2016, section 3.4).

    Real images count as fakes with weight `share`: instead of R(real) + F(fake), the discriminator
    minimises (1 - share) * R(real) + share * F(real) + F(fake). For cross-entropy this is the
    target 1 - share. For least squares it is the same target plus a constant, 1/2 share
    (1 - share): the gradients are equal, and the reported loss is larger by it.

    Raises
    ------
    ConfigError
        The share is outside [0, 1), or the loss is not a sum of a real and a fake part.
    """
    share = number(share)
    if not fits(share, float) or not 0 <= share < 1:
        raise ConfigError(f"label_smoothing: got {shown(share)}; expected a number in [0, 1)")
    if share == 0:
        return loss
    of_fakes = loss.of_fakes
    if of_fakes is None:
        raise ConfigError(
            f"label_smoothing: got {shown(share)} with loss {loss.name!r}; expected a loss with a "
            "separate term for fakes"
        )

    return replace(loss, discriminator=_Smoothed(loss.discriminator, of_fakes, share))
