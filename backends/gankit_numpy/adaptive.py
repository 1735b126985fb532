"""The probability of an adaptive augmentation, which follows the discriminator."""

from __future__ import annotations

import numpy as np

from gankit.augment import Augment
from gankit.contract import State
from gankit_numpy.tape import Value


class Adaptive:
    """The probability `p` of each transform, and its updates: `gankit.augment.Augment`."""

    def __init__(self, augment: Augment, values: State) -> None:
        self.augment = augment
        self.values = values

    @property
    def p(self) -> float:
        """The probability of each transform."""
        return float(self.values["p"])

    def watch(self, real: Value) -> None:
        """Record the `(B,)` logits of real images in one discriminator update."""
        p, signs, updates = (self.values[name] for name in ("p", "signs", "updates"))
        signs += np.sign(real).mean(dtype=np.float64)
        updates += 1
        if updates >= self.augment.every:
            p[...] = self.augment.moved(float(p), float(signs), int(updates), len(real))
            signs[...] = updates[...] = 0
