"""Followers: named scalars of a trainer's state that follow the discriminator's logits.

A follower moves once after each discriminator update; the next updates read its scalars. Adaptive
augmentation has one, its probability; a loss may have one (`gankit.losses.Loss.follower`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from gankit._utils.state import State

Tensor: TypeAlias = Any
"""A float64 array of the backend's own kind: `(n,)` logits, or a scalar."""

ADA, LOSS = "ada", "loss"
"""The names of followers in the state: that of adaptive augmentation, and that of the loss."""


class FollowerOps(Protocol):
    """The operations that a backend passes to a follower; `+ - * /` are the tensors' own."""

    def mean(self, x: Tensor, /) -> Tensor:
        """Return the mean of all of `x`, a scalar."""
        ...

    def total(self, x: Tensor, /) -> Tensor:
        """Return the sum of all of `x`, a scalar."""
        ...

    def relu(self, x: Tensor, /) -> Tensor:
        """Return max(x, 0) of each of `x`."""
        ...

    def below(self, numbers: Tensor, threshold: float, /) -> Tensor:
        """Return 1 where one of `numbers` is below `threshold`, else 0, in their precision."""
        ...


@runtime_checkable
class Follower(Protocol):
    """Float64 scalars, and how they move.

    A follower may have `logged`, the names of scalars whose values after each update are columns of
    the losses, such as "loss/k".

    >>> class Balance:
    ...     '''k, which keeps E fake at half of E real, for logits that are errors.'''
    ...
    ...     def initial_scalars(self):
    ...         return {"k": np.zeros(())}
    ...
    ...     def follow(self, ops, scalars, real, fake):
    ...         return {"k": scalars["k"] + 0.001 * (0.5 * ops.mean(real) - ops.mean(fake))}
    """

    def initial_scalars(self) -> State:
        """Return the scalars at the start of a run by name: `()` float64, or int64 for counters."""
        ...

    def follow(
        self,
        ops: FollowerOps,
        scalars: Mapping[str, Tensor],
        real: Tensor,
        fake: Tensor,
        /,
    ) -> Mapping[str, Tensor]:
        """Return the scalars after a discriminator update, all of them.

        Parameters
        ----------
        ops
            The operations. The formula may use these and `+ - * /`.
        scalars
            Those before the update; float64, counters too.
        real, fake
            The update's `(n,)` logits of real and of generated images, float64.
        """
        ...


def logged(name: str, follower: Follower) -> tuple[str, ...]:
    """Return the columns of the losses that a follower has, such as "loss/k".

    Parameters
    ----------
    name
        Its name in the state.
    follower
        The follower.
    """
    return tuple(f"{name}/{scalar}" for scalar in getattr(follower, "logged", ()))


def as_floats(scalars: Mapping[str, Tensor]) -> dict[str, float]:
    """Return a follower's scalars, arrays or numbers, as Python's numbers."""
    return {name: float(scalar) for name, scalar in scalars.items()}


@dataclass(frozen=True)
class AdaptiveProbability:
    """The probability p of an adaptive augmentation's transforms.

    It moves every few updates by the mean sign of the real images' logits (Karras et al. 2020,
    "Training generative adversarial networks with limited data", section 3): up if that is above
    the target, which shows overfitting, else down. Its scalars are "p", in [0, 1], and "signs" and
    "updates", the sum of the mean signs and their number since p moved.

    Attributes
    ----------
    target, images, every
        As in `gankit.augment.Augment`.
    """

    target: float
    images: float
    every: int

    def initial_scalars(self) -> State:
        """Return 0 for each."""
        return {"p": np.zeros(()), "signs": np.zeros(()), "updates": np.zeros((), np.int64)}

    def follow(
        self,
        ops: FollowerOps,
        scalars: Mapping[str, Tensor],
        real: Tensor,
        _fake: Tensor,
        /,
    ) -> Mapping[str, Tensor]:
        """Return the scalars after an update; products with 0 and 1 are exact.

        Parameters
        ----------
        ops, scalars, real
            As in `Follower`.
        fake
            Not used.
        """
        signs = scalars["signs"] + ops.mean(_sign(ops, real))
        updates = scalars["updates"] + 1.0
        batch = ops.total(ops.below(real, math.inf))
        step = batch * self.every / self.images
        raised = scalars["p"] + step * _sign(ops, signs / updates - self.target)
        early = ops.below(updates, self.every)
        moved = ops.relu(raised) - ops.relu(raised - 1.0)  # Within [0, 1].
        return {
            "p": early * scalars["p"] + (1.0 - early) * moved,
            "signs": early * signs,
            "updates": early * updates,
        }


def _sign(ops: FollowerOps, x: Tensor) -> Tensor:
    """Return -1, 0 or 1."""
    return ops.below(-x, 0.0) - ops.below(x, 0.0)
