"""The follower of a loss."""

from __future__ import annotations

import numpy as np

from gankit.contract import Precision, State
from gankit.followers import Follower
from gankit.losses import NumpyFollowerOps
from gankit_numpy.tape import Tracked, Value, constant


class LossFollower:
    """The scalars of a loss's follower, updated in place."""

    def __init__(self, follower: Follower, values: State, precision: Precision) -> None:
        self.follower, self.values, self.precision = follower, values, precision

    @property
    def scalars(self) -> dict[str, Tracked]:
        """The scalars in the logits' precision."""
        return {name: constant(a.astype(self.precision)) for name, a in self.values.items()}

    def record(self, real: Value, fake: Value) -> None:
        """Move the scalars by the `(B,)` logits of an update."""
        scalars = {name: float(a) for name, a in self.values.items()}
        halves = np.asarray(real, np.float64), np.asarray(fake, np.float64)
        for name, moved in self.follower.follow(NumpyFollowerOps(), scalars, *halves).items():
            self.values[name][...] = moved
