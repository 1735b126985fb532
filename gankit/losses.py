"""Adversarial losses, each written once for every backend.

A loss sees logits `(n,)`: `real` = D(real images), `fake` = D(G(noise)), high for real. It is
written with `+ - *` and the three operations of `Ops`, so a backend that can differentiate those
can train with any loss, a user's own too:

>>> shifted = Loss(
...     "shifted",
...     discriminator=lambda ops, real, fake: ops.mean(ops.relu(2 - real) + ops.relu(2 + fake)),
...     generator=lambda ops, real, fake: -ops.mean(fake),
... )
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

import numpy as np

from gankit.errors import ConfigError

Tensor: TypeAlias = Any
"""An array of the backend's own kind: `(n,)` logits, or a scalar that came of them."""


class Ops(Protocol):
    """The three operations that a backend offers to a loss; `+ - *` are the tensors' own."""

    def softplus(self, logits: Tensor, /) -> Tensor:
        """Return log(1 + exp(logits)), exact at both ends: logaddexp(logits, 0)."""
        ...

    def relu(self, logits: Tensor, /) -> Tensor:
        """Return max(logits, 0)."""
        ...

    def mean(self, logits: Tensor, /) -> Tensor:
        """Return the mean over the batch, a scalar."""
        ...


class ArrayOps:
    """The three operations on NumPy arrays: to look at a loss, not to train with it."""

    relu = staticmethod(lambda logits: np.maximum(logits, 0))
    softplus = staticmethod(lambda logits: np.logaddexp(logits, 0))
    mean = staticmethod(np.mean)


Formula: TypeAlias = Callable[[Ops, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Loss:
    """What each network minimises, as functions `(ops, real, fake) -> scalar`.

    `paired` says that the generator's formula looks at `real`; where it is False a backend need
    not run the discriminator on real images in the generator's step, and passes None. `of_fakes`
    is the part of the discriminator's formula that fakes alone make, where it falls apart so.
    """

    name: str
    discriminator: Formula
    generator: Formula
    paired: bool = False
    of_fakes: Callable[[Ops, Tensor], Tensor] | None = None


def _separate(ops: Ops, real: Tensor, fake: Tensor) -> Tensor:
    """Cross-entropy of telling real (1) from fake (0): E sp(-real) + E sp(fake)."""
    return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))


def _relativistic(ops: Ops, real: Tensor, fake: Tensor) -> Tensor:
    return ops.mean(ops.softplus(fake - real))


def _relativistic_average(ops: Ops, real: Tensor, fake: Tensor) -> Tensor:
    above = ops.softplus(ops.mean(fake) - real)
    below = ops.softplus(fake - ops.mean(real))
    return ops.mean(above) + ops.mean(below)


def smoothed(loss: Loss, share: float) -> Loss:
    """Return `loss` with one-sided label smoothing (Salimans et al. 2016, section 3.4).

    Each real image counts as a fake by `share`: with the discriminator's loss R(real) + F(fake),
    it minimises (1 - share) * R(real) + share * F(real) + F(fake). For cross-entropy and least
    squares that is the target 1 - share.

    Raises
    ------
    ConfigError
        The share lies outside [0, 1), or the loss does not fall apart into reals and fakes.
    """
    if not 0 <= share < 1:
        raise ConfigError(f"label_smoothing is {share}; it lies in [0, 1)")
    if share == 0:
        return loss
    of_fakes = loss.of_fakes
    if of_fakes is None:
        raise ConfigError(f"loss {loss.name!r} compares real and fake; it has no labels to smooth")

    def formula(ops: Ops, real: Tensor, fake: Tensor) -> Tensor:
        swapped = of_fakes(ops, real) + of_fakes(ops, fake)
        return (1 - share) * loss.discriminator(ops, real, fake) + share * swapped

    return replace(loss, discriminator=formula)


NONSATURATING = Loss(  # Goodfellow et al. 2014, section 3.
    "nonsaturating",
    discriminator=_separate,
    generator=lambda ops, _real, fake: ops.mean(ops.softplus(-fake)),
    of_fakes=lambda ops, fake: ops.mean(ops.softplus(fake)),
)
MINIMAX = Loss(  # Goodfellow et al. 2014, equation 1.
    "minimax",
    discriminator=_separate,
    generator=lambda ops, _real, fake: -ops.mean(ops.softplus(fake)),
    of_fakes=lambda ops, fake: ops.mean(ops.softplus(fake)),
)
LEAST_SQUARES = Loss(  # Mao et al. 2017, with targets 1 (real) and 0 (fake).
    "least-squares",
    discriminator=lambda ops, real, fake: (
        0.5 * ops.mean((real - 1) * (real - 1)) + 0.5 * ops.mean(fake * fake)
    ),
    generator=lambda ops, _real, fake: 0.5 * ops.mean((fake - 1) * (fake - 1)),
    of_fakes=lambda ops, fake: 0.5 * ops.mean(fake * fake),
)
HINGE = Loss(  # Lim & Ye 2017; Miyato et al. 2018.
    "hinge",
    discriminator=lambda ops, real, fake: (
        ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(1 + fake))
    ),
    generator=lambda ops, _real, fake: -ops.mean(fake),
    of_fakes=lambda ops, fake: ops.mean(ops.relu(1 + fake)),
)
WASSERSTEIN = Loss(  # Arjovsky et al. 2017; the critic wants a penalty or clipping beside it.
    "wasserstein",
    discriminator=lambda ops, real, fake: ops.mean(fake) - ops.mean(real),
    generator=lambda ops, _real, fake: -ops.mean(fake),
    of_fakes=lambda ops, fake: ops.mean(fake),
)
RELATIVISTIC = Loss(  # Jolicoeur-Martineau 2018, paired; R3GAN 2024.
    "relativistic",
    discriminator=_relativistic,
    generator=lambda ops, real, fake: _relativistic(ops, fake, real),
    paired=True,
)
RELATIVISTIC_AVERAGE = Loss(  # Jolicoeur-Martineau 2018.
    "relativistic-average",
    discriminator=_relativistic_average,
    generator=lambda ops, real, fake: _relativistic_average(ops, fake, real),
    paired=True,
)

BUILTIN = (
    NONSATURATING, MINIMAX, LEAST_SQUARES, HINGE, WASSERSTEIN, RELATIVISTIC, RELATIVISTIC_AVERAGE,
)  # fmt: skip
