"""Adaptive discriminator augmentation (ADA): the probability of its transforms."""

from __future__ import annotations

import numpy as np

from gankit.augment import Augment
from gankit.contract import State
from gankit_numpy.tape import Value


class AdaptiveProbability:
    """The probability `p` of each transform, updated as in `gankit.augment.Augment`."""

    def __init__(self, augment: Augment, values: State) -> None:
        self.augment = augment
        self.values = values

    @property
    def p(self) -> float:
        """The probability of each transform."""
        return float(self.values["p"])

    def record(self, real: Value) -> None:
        """Record the `(B,)` logits of an update's real images; update p when it is due."""
        p, signs, updates = (self.values[name] for name in ("p", "signs", "updates"))
        signs += np.sign(real).mean(dtype=np.float64)
        updates += 1
        if updates >= self.augment.every:
            p[...] = self.augment.moved(float(p), float(signs), int(updates), len(real))
            signs[...] = updates[...] = 0
