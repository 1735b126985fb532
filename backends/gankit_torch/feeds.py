"""Batches on their way to the device."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gankit.contract import Batch, Block, Labels, Problem
from gankit.contract.dropout_masks import Masks
from gankit.contract.required_inputs import RequiredInputs
from gankit_torch.building import dtype
from gankit_torch.masking import Ahead, Masking, Maskings, as_asked


@dataclass(frozen=True)
class Update:
    """A `gankit.contract.Batch` on the device; `real` has no images where none are looked at."""

    real: Tensor
    noise: Tensor
    labels: Tensor | None
    random: Mapping[str, Tensor]
    scalars: Mapping[str, float]
    masking: Masking

    def tensors(self) -> list[Tensor]:
        """Return all that it holds on the device, in an order."""
        labels = [] if self.labels is None else [self.labels]
        drawn = self.masking.drawn or {}
        return [self.real, self.noise, *labels, *self.random.values(), *drawn.values()]

    def clone(self) -> Update:
        """Return the same numbers in memory of their own."""
        drawn = self.masking.drawn
        return replace(
            self,
            real=self.real.clone(),
            noise=self.noise.clone(),
            labels=None if self.labels is None else self.labels.clone(),
            random=_cloned(self.random),
            masking=replace(self.masking, drawn=None if drawn is None else _cloned(drawn)),
        )


class Feed:
    """The data set on the device, and what takes batches and blocks there.

    With `masks`, those of a block are drawn ahead and cross with it.
    """

    def __init__(self, problem: Problem, device: torch.device, masks: Masks | None = None) -> None:
        self._device, self._dtype = device, dtype(problem)
        self._paired, self._required = problem.loss.paired, RequiredInputs(problem)
        self._maskings: Maskings = Ahead(masks, self._draw) if masks else as_asked
        self._pixels = self._number(problem.pixels)
        self._none = self._pixels.new_empty((0, *problem.image_shape))
        self._images, self._labels = torch.empty(0), torch.empty(0)
        self._file: NDArray[Any] | None = None
        self._labelled = False

    def place(self, images: NDArray[Any], labels: Labels | None) -> None:
        """Keep the data set on the device, uint8 images as they are.

        Of images in a file, steps read those that they see.
        """
        here = isinstance(images, np.ndarray) and not isinstance(images, np.memmap)
        self._file = None if here else images
        self._images = _shared(images).to(self._device) if here else torch.empty(0)
        self._labelled = labels is not None
        if labels is not None:
            self._labels = self._draw(labels).long()

    def update(self, batch: Batch, *, last: bool) -> Update:
        """Take one batch to the device; the generator's is the step's `last`."""
        self._required.check(batch)
        return Update(
            real=self._number(batch.real) if self._paired or not last else self._none,
            noise=self._number(batch.noise),
            labels=None if batch.labels is None else self._draw(batch.labels).long(),
            random={name: self._draw(draw) for name, draw in batch.random.items()},
            scalars=batch.scalars,
            masking=Masking(batch.key),
        )

    def steps(self, block: Block) -> Iterator[list[Update]]:
        """Yield each step's updates; the block's numbers cross to the device together."""
        self._required.check(block)
        index, noise = self._draw(block.index), self._draw(block.noise)
        draws = {name: self._draw(draw) for name, draw in block.random.items()}
        for r, maskings in enumerate(self._maskings(block)):
            yield [
                Update(
                    real=self._scaled(self._seen(block.index[r, s], index[r, s]), here)
                    if self._paired or not last
                    else self._none,
                    noise=noise[r, s].clone(),
                    labels=self._labels[index[r, s]] if self._labelled else None,
                    random=here,
                    scalars={name: float(rate[r, s]) for name, rate in block.scalars.items()},
                    masking=masking,
                )
                for s, masking in enumerate(maskings)
                for last in (s == block.index.shape[1] - 1,)
                for here in ({name: draw[r, s] for name, draw in draws.items()},)
            ]

    def _seen(self, index: NDArray[np.int64], here: Tensor) -> Tensor:
        """Return images as they are stored, given their numbers on the host and on the device."""
        if self._file is None:
            return self._images[here]
        return _shared(self._file[index]).to(self._device)

    def _scaled(self, images: Tensor, draws: Mapping[str, Tensor]) -> Tensor:
        """Return scaled images, mirrored where the draw "flip" says so."""
        scaled = self._pixels[images.int()] if images.dtype == torch.uint8 else images
        if "flip" in draws:
            scaled = torch.where(draws["flip"], scaled.flip(2), scaled)
        return scaled.to(self._dtype).contiguous()

    def _number(self, array: NDArray[Any]) -> Tensor:
        """Copy numbers to where the networks compute, and in their precision.

        They are copied on a CPU too: products of matrices that start at other alignments may
        differ in their last bit, and PyTorch's own memory is aligned.
        """
        return torch.tensor(array, dtype=self._dtype, device=self._device)

    def _draw(self, array: NDArray[Any]) -> Tensor:
        """Take an array to the device as it is."""
        return _shared(array).to(self._device)


def _shared(array: NDArray[Any]) -> Tensor:
    """Return a tensor of the array's own memory, which nobody here writes to."""
    backwards = any(stride < 0 for stride in array.strides)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(array) if backwards else np.asarray(array))


def _cloned(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in tensors.items()}
