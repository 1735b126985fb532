"""Adaptive discriminator augmentation (ADA): the probability of its transforms."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gankit.augment import Augment
from gankit.contract import State


class AdaptiveProbability:
    """The probability `p` of each transform, updated as in `gankit.augment.Augment`."""

    def __init__(self, augment: Augment, device: torch.device) -> None:
        self._augment = augment
        exact = "cpu" if device.type == "mps" else device  # mps has no float64.
        self._signs = torch.zeros((), dtype=torch.float64, device=exact)
        self._updates = 0
        self.p = 0.0

    def record(self, real: Tensor) -> None:
        """Record the `(B,)` logits of an update's real images; update p when it is due."""
        self._signs += real.detach().to(self._signs.device).double().sign().mean()
        self._updates += 1
        if self._updates == self._augment.every:
            self.p = self._augment.moved(self.p, float(self._signs), self._updates, len(real))
            self._signs.zero_()
            self._updates = 0

    def state(self) -> State:
        """Return "p", "signs" and "updates"."""
        return {
            "p": np.array(self.p),
            "signs": np.array(float(self._signs)),
            "updates": np.array(self._updates, np.int64),
        }

    def load_state(self, state: State) -> None:
        """Load a validated state."""
        self.p, self._updates = float(state["p"]), int(state["updates"])
        self._signs.fill_(float(state["signs"]))
