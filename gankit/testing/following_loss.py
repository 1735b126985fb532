"""A loss with a follower, of the kinds that the field uses: a share, a running mean, a count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gankit.contract import State
from gankit.followers import FollowerOps
from gankit.losses import Loss, LossOps

RATE, DECAY = 0.05, 0.9
Scalars = Mapping[str, Any]


class Balance:
    """A share k within [0, 1], as in BEGAN; a running mean of E real, as in LeCam; a count."""

    logged = ("mean", "k")

    def initial_scalars(self) -> State:
        """Return values that change a loss from the first update on."""
        return {"k": np.array(0.25), "mean": np.array(0.1), "updates": np.zeros((), np.int64)}

    def follow(
        self,
        ops: FollowerOps,
        scalars: Scalars,
        real: Any,  # noqa: ANN401 - any backend's tensor.
        fake: Any,  # noqa: ANN401 - any backend's tensor.
    ) -> Scalars:
        """Return the scalars after an update: k rises if E real is above E fake."""
        expected = ops.mean(real)
        k = scalars["k"] + RATE * (expected - ops.mean(fake))
        return {
            "k": ops.relu(k) - ops.relu(k - 1.0),
            "mean": DECAY * scalars["mean"] + (1 - DECAY) * expected,
            "updates": scalars["updates"] + 1.0,
        }


def _discriminator(
    ops: LossOps,
    real: Any,  # noqa: ANN401 - any backend's tensor.
    fake: Any,  # noqa: ANN401 - any backend's tensor.
    scalars: Scalars,
) -> Any:  # noqa: ANN401 - any backend's tensor.
    away = fake - scalars["mean"]
    return ops.mean(ops.softplus(fake - real)) + scalars["k"] * ops.mean(away * away)


def _generator(
    ops: LossOps,
    real: Any,  # noqa: ANN401 - any backend's tensor.
    fake: Any,  # noqa: ANN401 - any backend's tensor.
    scalars: Scalars,
) -> Any:  # noqa: ANN401 - any backend's tensor.
    return ops.mean(ops.softplus(real - fake)) + scalars["k"] * ops.mean(ops.softplus(-fake))


FOLLOWING = Loss("following", _discriminator, _generator, paired=True, follower=Balance())
"""A relativistic loss with terms that its follower weights."""
