"""Dropout's masks: drawn on demand on the host, or ahead of time on the device."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from gankit.contract import Block
from gankit.contract.dropout_masks import Masks, mask_name
from gankit.contract.random_streams import Mask, Role, StepKey, dropout_mask
from gankit.layers import Place

Maskings: TypeAlias = Callable[[Block], Iterator[list["Masking"]]]
"""Yields for each step of a block the masks of its updates."""
MOST_AHEAD_BYTES = 32 * 2**20
"""The most bytes of masks that are drawn ahead."""


@dataclass(frozen=True)
class Masking:
    """The masks of one update.

    Attributes
    ----------
    key
        The update's position in the run.
    drawn
        The masks that were drawn ahead, by the names of `gankit.contract.dropout_masks`.
    """

    key: StepKey
    drawn: Mapping[str, Tensor] | None = None

    def mask(self, site: Role, place: Place, shape: torch.Size, rate: float, part: int) -> Tensor:
        """Return a dropout layer's mask, bool; `part` as in `dropout_mask`."""
        if self.drawn is not None:
            return self.drawn[mask_name(site, place, part)]
        drawn = dropout_mask(self.key, site, place.number, tuple(shape), rate, part)
        return torch.from_numpy(drawn)


def as_asked(block: Block) -> Iterator[list[Masking]]:
    """Draw each mask when a layer needs it."""
    for r in range(len(block)):
        yield [Masking(key) for key in block.keys(r)]


class Ahead:
    """Draws the masks of many steps, and copies them to the device together."""

    def __init__(self, masks: Masks, take: Callable[[Mask], Tensor]) -> None:
        self._masks, self._take = masks, take

    def __call__(self, block: Block) -> Iterator[list[Masking]]:
        """Draw as many steps at a time as `MOST_AHEAD_BYTES` allows, at least one."""
        one = sum(mask.nbytes for masks in self._step(block, 0) for mask in masks.values())
        size = max(1, MOST_AHEAD_BYTES // max(1, one))
        for start in range(0, len(block), size):
            rows = range(start, min(start + size, len(block)))
            for row, drawn in zip(rows, self._drawn(block, rows), strict=True):
                yield list(map(Masking, block.keys(row), drawn))

    def _step(self, block: Block, row: int) -> list[dict[str, Mask]]:
        """Return the masks of each update of a step."""
        *critic, last = block.keys(row)
        batch = block.index.shape[2]
        return [
            *(self._masks(key, batch, last=False) for key in critic),
            self._masks(last, batch, last=True),
        ]

    def _drawn(self, block: Block, rows: range) -> Iterator[list[dict[str, Tensor]]]:
        """Yield each step's masks on the device, by name for each update."""
        steps = [self._step(block, row) for row in rows]
        taken = [
            {name: self._take(np.stack([masks[name] for masks in update])) for name in update[0]}
            for update in zip(*steps, strict=True)
        ]
        for i in range(len(rows)):
            yield [{name: mask[i] for name, mask in update.items()} for update in taken]
