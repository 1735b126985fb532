"""The chance of an adaptive augmentation: state, for it follows the discriminator."""

from __future__ import annotations

import numpy as np

from gankit.augment import Augment
from gankit.contract import State
from gankit_numpy.tape import Value


class Adaptive:
    """The chance `p` of each transform, and what moves it: `gankit.augment.Augment`."""

    def __init__(self, augment: Augment, values: State) -> None:
        self.augment = augment
        self.values = values

    @property
    def p(self) -> float:
        """The chance of each transform."""
        return float(self.values["p"])

    def watch(self, real: Value) -> None:
        """Take note of the `(B,)` logits of real images in one discriminator update."""
        p, signs, updates = (self.values[name] for name in ("p", "signs", "updates"))
        signs += np.sign(real).mean(dtype=np.float64)
        updates += 1
        if updates >= self.augment.every:
            p[...] = self.augment.moved(float(p), float(signs), int(updates), len(real))
            signs[...] = updates[...] = 0
