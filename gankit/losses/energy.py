"""Losses of energies: the discriminator's logit is minus the energy of an image.

The energy of an autoencoder is the error of its reconstruction, as the layer `ReconstructionLogit`
returns it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gankit._utils.field_types import fits
from gankit._utils.plain_numbers import number
from gankit._utils.state import State
from gankit.errors import ConfigError, shown
from gankit.followers import FollowerOps
from gankit.losses.loss import Loss
from gankit.losses.operations import LossOps, Tensor

Scalars = Mapping[str, Tensor]


@dataclass(frozen=True)
class _Margin:
    """The discriminator's formula of `ebgan`."""

    margin: float

    def __call__(self, ops: LossOps, real: Tensor, fake: Tensor) -> Tensor:
        """Return the energy of real images, and what fakes are below the margin."""
        return ops.mean(ops.relu(self.margin + fake)) - ops.mean(real)


@dataclass(frozen=True)
class _MarginOfFakes:
    """The part of it that depends on fakes alone."""

    margin: float

    def __call__(self, ops: LossOps, fake: Tensor) -> Tensor:
        """Return what fakes are below the margin."""
        return ops.mean(ops.relu(self.margin + fake))


def _energy_of_fakes(ops: LossOps, _real: Tensor, fake: Tensor) -> Tensor:
    return -ops.mean(fake)


def ebgan(margin: float = 1.0) -> Loss:
    """Return the margin loss of an energy-based GAN (Zhao et al. 2017, equations 1 and 2).

    With the energy E = -logit, the discriminator minimises

        E real + mean(max(margin - E fake, 0))

    and the generator E fake, each the mean over its images.

    Parameters
    ----------
    margin
        The energy from which on the discriminator leaves a fake alone, above 0; 1 by default.

    Raises
    ------
    ConfigError
        The margin is out of range.
    """
    margin = _positive("margin", margin)
    return Loss(
        "ebgan",
        _Margin(margin),
        _energy_of_fakes,
        of_fakes=_MarginOfFakes(margin),
        options=ebgan,
    )


@dataclass(frozen=True)
class Equilibrium:
    """The follower of `began`: its share "k", from 0, and its "convergence".

    Attributes
    ----------
    gamma, rate
        As in `began`.
    """

    gamma: float
    rate: float
    logged = ("k", "convergence")

    def initial_scalars(self) -> State:
        """Return 0 for each."""
        return {"k": np.zeros(()), "convergence": np.zeros(())}

    def follow(
        self, ops: FollowerOps, scalars: Scalars, real: Tensor, fake: Tensor, /
    ) -> dict[str, Tensor]:
        """Return the scalars after an update.

        Parameters
        ----------
        ops, scalars, real, fake
            As in `gankit.followers.Follower`.
        """
        energy = -ops.mean(real)
        above = self.gamma * energy + ops.mean(fake)
        k = scalars["k"] + self.rate * above
        return {
            "k": ops.relu(k) - ops.relu(k - 1.0),  # Within [0, 1].
            "convergence": energy + ops.relu(above) + ops.relu(-above),
        }


def _balanced(ops: LossOps, real: Tensor, fake: Tensor, scalars: Scalars) -> Tensor:
    return scalars["k"] * ops.mean(fake) - ops.mean(real)


def _energy_of_fakes_alone(ops: LossOps, _real: Tensor, fake: Tensor, _scalars: Scalars) -> Tensor:
    return -ops.mean(fake)


def began(gamma: float = 0.5, rate: float = 0.001) -> Loss:
    """Return the loss of a boundary equilibrium GAN (Berthelot et al. 2017, section 3.4).

    With the energy E = -logit, the discriminator minimises E real - k E fake, the generator E fake.
    After each of the discriminator's updates its follower moves

        k <- max(0, min(1, k + rate (gamma E real - E fake)))

    from 0, so that E fake stays near gamma E real. Its scalar "convergence",

        E real + |gamma E real - E fake|,

    falls as the networks learn; both are columns of the losses, "loss/k" and "loss/convergence".

    Parameters
    ----------
    gamma
        The ratio of the energies, above 0 and at most 1: low for images that are good and alike,
        high for varied ones. 0.5 by default.
    rate
        How fast k moves, above 0: lambda of the paper, 0.001 by default.

    Raises
    ------
    ConfigError
        A number is out of range.
    """
    gamma, rate = _positive("gamma", gamma), _positive("rate", rate)
    if gamma > 1:
        raise ConfigError(f"gamma: got {shown(gamma)}; expected at most 1")
    return Loss(
        "began",
        _balanced,
        _energy_of_fakes_alone,
        follower=Equilibrium(gamma, rate),
        options=began,
    )


def _positive(name: str, given: float) -> float:
    """Return a number; ConfigError unless it is finite and above 0."""
    value: float = number(given)
    if not fits(value, float) or not 0 < value < float("inf"):
        raise ConfigError(f"{name}: got {shown(value)}; expected a finite number above 0")
    return value


EBGAN = ebgan()
BEGAN = began()
