"""LeCam regularisation, as a change of the loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from gankit._utils.field_types import fits
from gankit._utils.plain_numbers import number
from gankit._utils.state import State
from gankit.errors import ConfigError, shown
from gankit.followers import FollowerOps
from gankit.losses.loss import Formula, Loss
from gankit.losses.operations import LossOps, Tensor

DECAY = 0.99
"""The share of the old mean in the new one, that of the paper."""
Scalars = Mapping[str, Tensor]


@dataclass(frozen=True)
class RunningMeans:
    """The follower of `lecam`: running means of the logits, "real" and "fake", from 0.

    Attributes
    ----------
    decay
        The share of the old mean in the new one, in [0, 1).
    """

    decay: float

    def initial_scalars(self) -> State:
        """Return 0 for each."""
        return {"real": np.zeros(()), "fake": np.zeros(())}

    def follow(
        self, ops: FollowerOps, scalars: Scalars, real: Tensor, fake: Tensor, /
    ) -> dict[str, Tensor]:
        """Return the means after an update.

        Parameters
        ----------
        ops, scalars, real, fake
            As in `gankit.followers.Follower`.
        """
        return {
            name: self.decay * scalars[name] + (1 - self.decay) * ops.mean(logits)
            for name, logits in (("real", real), ("fake", fake))
        }


@dataclass(frozen=True)
class _Regularised:
    """The discriminator's formula of `lecam`."""

    formula: Formula
    weight: float

    def __call__(self, ops: LossOps, real: Tensor, fake: Tensor, scalars: Scalars) -> Tensor:
        """Return the loss with the squared distances from the other half's mean."""
        of_real, of_fake = real - scalars["fake"], fake - scalars["real"]
        distance = ops.mean(of_real * of_real) + ops.mean(of_fake * of_fake)
        found: Tensor = self.formula(ops, real, fake) + self.weight * distance
        return found


@dataclass(frozen=True)
class _WithoutScalars:
    """A formula that takes the scalars of a follower, and leaves them."""

    formula: Formula

    def __call__(self, ops: LossOps, real: Tensor, fake: Tensor, scalars: Scalars) -> Tensor:  # noqa: ARG002
        """Return the loss."""
        found: Tensor = self.formula(ops, real, fake)
        return found


def lecam(loss: Loss, weight: float, decay: float = DECAY) -> Loss:
    """Return `loss` with LeCam regularisation (Tseng et al. 2021, equation 5).

    The discriminator also minimises

        weight * (E (real - m_fake)^2 + E (fake - m_real)^2)

    with m_real and m_fake the running means of its logits, which move after each of its updates:
    m <- decay * m + (1 - decay) * E logits. So its logits stay near each other's, as helps with few
    images. The generator's formula is that of `loss`.

    Parameters
    ----------
    loss
        A loss without a follower.
    weight
        At least 0; the paper has 0.3 and 0.1, and 0 returns `loss` itself.
    decay
        In [0, 1); 0.99 by default.

    Raises
    ------
    ConfigError
        A number is out of range, or the loss has a follower of its own.
    """
    weight, decay = number(weight), number(decay)
    if not fits(weight, float) or not 0 <= weight < float("inf"):
        raise ConfigError(f"lecam: got {shown(weight)}; expected a finite number, at least 0")
    if not fits(decay, float) or not 0 <= decay < 1:
        raise ConfigError(f"lecam decay: got {shown(decay)}; expected a number in [0, 1)")
    if weight == 0:
        return loss
    if loss.follower is not None:
        raise ConfigError(
            f"lecam: got {shown(weight)} with loss {loss.name!r}, which has a follower; expected a "
            "loss without one"
        )
    return replace(
        loss,
        discriminator=_Regularised(loss.discriminator, weight),
        generator=_WithoutScalars(loss.generator),
        of_fakes=None,
        follower=RunningMeans(decay),
    )
