"""Dropout masks: drawn on the host when a layer needs them, or earlier for the device."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from gankit.contract import Block, World
from gankit.contract.dropout_masks import Masks, mask_name, own_rows
from gankit.contract.random_streams import Mask, StepKey, dropout_mask
from gankit.layers import Place

MaskSource: TypeAlias = Callable[[Block], Iterator[list["UpdateMasks"]]]
"""Yields for each step of a block the masks of its updates."""
MAX_PREFETCH_BYTES = 32 * 2**20
"""The most bytes of masks that are drawn before their steps."""


@dataclass(frozen=True)
class UpdateMasks:
    """The masks of one update.

    Attributes
    ----------
    key
        The update's position in the run.
    world
        The processes; the masks are those of this one's rows.
    batch
        Images in the batch of all processes.
    prefetched
        The masks that are already on the device, by the names of `gankit.contract.dropout_masks`.
    """

    key: StepKey
    world: World
    batch: int
    prefetched: Mapping[str, Tensor] | None = None

    def mask(
        self, network: str, role: int, place: Place, shape: torch.Size, rate: float, part: int
    ) -> Tensor:
        """Return the mask of a dropout layer of a network, bool.

        `role` is the network's number, `shape` that of the layer's input, of this process's rows,
        and `part` as in `dropout_mask`.
        """
        if self.prefetched is not None:
            return self.prefetched[mask_name(network, place, part)]
        whole, rows = tuple(shape), None
        if self.world.size > 1:
            own = self.world.rows(self.batch)
            halves = shape[0] // (own.stop - own.start)
            whole = (halves * self.batch, *shape[1:])
            rows = own_rows(self.world, self.batch, halves)
        mask = dropout_mask(self.key, role, place.number, whole, rate, part, rows)
        return torch.from_numpy(mask)


def on_demand(world: World, block: Block) -> Iterator[list[UpdateMasks]]:
    """Draw each mask when a layer needs it."""
    batch = block.index.shape[2]
    for r in range(len(block)):
        yield [UpdateMasks(key, world, batch) for key in block.keys(r)]


class MaskPrefetcher:
    """Draws the masks of many steps, and copies them to the device together."""

    def __init__(self, masks: Masks, world: World, to_device: Callable[[Mask], Tensor]) -> None:
        self._masks, self._world, self._to_device = masks, world, to_device

    def __call__(self, block: Block) -> Iterator[list[UpdateMasks]]:
        """Draw as many steps at a time as `MAX_PREFETCH_BYTES` allows, at least one."""
        step_bytes = sum(mask.nbytes for masks in self._step(block, 0) for mask in masks.values())
        size = max(1, MAX_PREFETCH_BYTES // max(1, step_bytes))
        for start in range(0, len(block), size):
            rows = range(start, min(start + size, len(block)))
            for row, masks in zip(rows, self._prefetch(block, rows), strict=True):
                yield [
                    UpdateMasks(key, self._world, block.index.shape[2], prefetched)
                    for key, prefetched in zip(block.keys(row), masks, strict=True)
                ]

    def _step(self, block: Block, row: int) -> list[dict[str, Mask]]:
        """Return the masks of each update of a step."""
        *discriminator_keys, generator_key = block.keys(row)
        batch = block.index.shape[2]
        return [
            *(self._masks(key, batch, last=False) for key in discriminator_keys),
            self._masks(generator_key, batch, last=True),
        ]

    def _prefetch(self, block: Block, rows: range) -> Iterator[list[dict[str, Tensor]]]:
        """Yield each step's masks on the device, by name for each update."""
        steps = [self._step(block, row) for row in rows]
        updates = [
            {name: self._to_device(np.stack([m[name] for m in masks])) for name in masks[0]}
            for masks in zip(*steps, strict=True)
        ]
        for i in range(len(rows)):
            yield [{name: mask[i] for name, mask in masks.items()} for masks in updates]
