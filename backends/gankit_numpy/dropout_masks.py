"""The dropout masks of one pass through a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gankit.contract import Batch
from gankit.contract.random_streams import Mask, dropout_mask
from gankit_numpy.tape import Shape

Masks: TypeAlias = Callable[[int, Shape, float], Mask]
"""(layer's number, shape, rate) -> the layer's mask, True where a value passes."""


def pass_masks(batch: Batch, role: int, part: int = 0) -> Masks:
    """Return the masks of the update's `part`-th pass through the network of this `role`."""

    def masks(layer: int, shape: Shape, rate: float) -> Mask:
        return dropout_mask(batch.key, role, layer, shape, rate, part)

    return masks
