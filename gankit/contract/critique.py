"""An adversarial loss of one network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gankit.terms import Side


@dataclass(frozen=True)
class Critique:
    """An adversarial loss: a network compares the values of two halves of a batch.

    Attributes
    ----------
    network
        The network, on the discriminator's side.
    sees
        What it takes of each half, "real" and "fake".
    weights
        The factor of the loss of each side that has it.
    number
        The number of its pass among those of its network in an update.
    """

    network: str
    sees: Mapping[str, tuple[str, ...]]
    weights: Mapping[Side, float]
    number: int = 0
