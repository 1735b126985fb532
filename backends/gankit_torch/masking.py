"""Dropout's masks: drawn on the host where a layer asks for one, or before, on the device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from gankit.layers import Place
from gankit.randomness import Key, Site, dropout_mask


@dataclass(frozen=True)
class Masking:
    """The masks of one step.

    Attributes
    ----------
    key
        The step's place in the run.
    drawn
        The masks by `gankit.masks`' names, where they were drawn before.
    """

    key: Key
    drawn: Mapping[str, Tensor] | None = None

    def mask(self, site: Site, place: Place, shape: torch.Size, rate: float, part: int) -> Tensor:
        """Return which values a dropout layer keeps, bool; `part` as in `dropout_mask`."""
        if self.drawn is not None:
            group = f"penalty/{part - 1}" if part else site.name.lower()
            return self.drawn[f"{group}/{place.name}"]
        drawn = dropout_mask(self.key, site, place.number, tuple(shape), rate, part)
        return torch.from_numpy(drawn)
