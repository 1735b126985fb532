"""Copy batches and blocks to the device."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gankit.contract import AnyLabels, Batch, Block, Problem
from gankit.contract.dropout_masks import Masks
from gankit.contract.required_inputs import RequiredInputs
from gankit.functional import Inputs
from gankit_torch.dropout_masks import MaskPrefetcher, MaskSource, UpdateMasks, on_demand
from gankit_torch.tensors import torch_dtype


class StoredImages:
    """A set of images as they are stored: on the device, or in a file."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._images = torch.empty(0)
        self._file: NDArray[Any] | None = None

    def place(self, images: NDArray[Any]) -> None:
        """Take the images: copied to the device, unless they are in a file."""
        in_memory = isinstance(images, np.ndarray) and not isinstance(images, np.memmap)
        self._file = None if in_memory else images
        self._images = _share_memory(images).to(self._device) if in_memory else torch.empty(0)

    def rows(self, host: NDArray[np.int64], device: Tensor) -> Tensor:
        """Return some images, given their indices on the host and on the device."""
        if self._file is None:
            return self._images[device]
        return _share_memory(self._file[host]).to(self._device)


class BatchLoader:
    """The data set on the device; copies batches and blocks there.

    With `masks` the dropout masks of a block are drawn before its steps and copied together.
    """

    def __init__(self, problem: Problem, device: torch.device, masks: Masks | None = None) -> None:
        self._device, self._dtype = device, torch_dtype(problem)
        self._uses_real, self._required = problem.generator_uses_real, RequiredInputs(problem)
        self._paired = problem.source == "paired"
        self._world = problem.world
        self._mask_source: MaskSource = (
            MaskPrefetcher(masks, self._world, self._to_device)
            if masks
            else partial(on_demand, self._world)
        )
        self._pixels = self._to_precision(problem.pixels)
        self._no_images = self._pixels.new_empty((0, *problem.image_shape))
        self._images, self._sources = StoredImages(device), StoredImages(device)
        self._labels = torch.empty(0)
        self._labelled = False

    def place(
        self, images: NDArray[Any], labels: AnyLabels | None, source: NDArray[Any] | None = None
    ) -> None:
        """Store the data set on the device, uint8 images unconverted.

        Images in a file stay there; each step reads the images that it uses.
        """
        self._images.place(images)
        if source is not None:
            self._sources.place(source)
        self._labelled = labels is not None
        if labels is not None:
            self._labels = self._label_tensor(labels)

    def batch(self, batch: Batch, *, last: bool) -> Inputs:
        """Copy one batch to the device; `last` is True for the generator's, the step's last."""
        self._required.check(batch)
        count = len(batch.noise)
        own, used = self._world.rows(count), self._uses_real or not last
        return Inputs(
            real=self._to_precision(batch.real[own]) if used else self._no_images,
            noise=self._to_precision(batch.noise),
            labels=None if batch.labels is None else self._label_tensor(batch.labels),
            random={name: self._to_device(array[own]) for name, array in batch.random.items()},
            scalars=batch.scalars,
            masks=UpdateMasks(batch.key, self._world, count),
            followers={},
            source=() if batch.source is None else self._to_precision(batch.source[own]),
        )

    def steps(self, block: Block) -> Iterator[list[Inputs]]:
        """Yield the batches of each step; the block's arrays are copied to the device together."""
        self._required.check(block)
        own = self._world.rows(block.index.shape[2])
        index, noise = self._to_device(block.index), self._to_device(block.noise)
        arrays = {name: self._to_device(array[:, :, own]) for name, array in block.random.items()}
        for r, update_masks in enumerate(self._mask_source(block)):
            yield [
                Inputs(
                    real=self._scale(
                        self._images.rows(block.index[r, s, own], index[r, s, own]), random
                    )
                    if self._uses_real or not last
                    else self._no_images,
                    noise=noise[r, s].clone(),
                    labels=self._labels[index[r, s]] if self._labelled else None,
                    random=random,
                    scalars={name: float(value[r, s]) for name, value in block.scalars.items()},
                    masks=masks,
                    followers={},
                    source=self._source(block.source_index, (r, s, own), random),
                )
                for s, masks in enumerate(update_masks)
                for last in (s == block.index.shape[1] - 1,)
                for random in ({name: array[r, s] for name, array in arrays.items()},)
            ]

    def _source(
        self,
        index: NDArray[np.int64] | None,
        place: tuple[int, int, slice],
        random: Mapping[str, Tensor],
    ) -> Tensor | tuple[()]:
        """Return the sources at a `place` of the index, scaled, and mirrored if paired."""
        if index is None:
            return ()
        host = index[place]
        images = self._sources.rows(host, self._to_device(host))
        return self._scale(images, random if self._paired else {})

    def _scale(self, images: Tensor, random: Mapping[str, Tensor]) -> Tensor:
        """Return scaled images, mirrored if their random input "flip" is True."""
        scaled = self._pixels[images.int()] if images.dtype == torch.uint8 else images
        if "flip" in random:
            scaled = torch.where(random["flip"], scaled.flip(2), scaled)
        return scaled.to(self._dtype).contiguous()

    def _to_precision(self, array: NDArray[Any]) -> Tensor:
        """Copy an array to the device, in the networks' precision.

        It is copied on a CPU too: products of matrices with other memory alignments may differ in
        their last bit, and PyTorch's own memory is aligned.
        """
        return torch.tensor(array, dtype=self._dtype, device=self._device)

    def _label_tensor(self, labels: AnyLabels) -> Tensor:
        """Copy labels to the device: classes as int64, vectors in the networks' precision."""
        return (
            self._to_precision(labels)
            if labels.dtype.kind == "f"
            else self._to_device(labels).long()
        )

    def _to_device(self, array: NDArray[Any]) -> Tensor:
        """Copy an array to the device, in its own dtype; on a CPU share its memory."""
        return _share_memory(array).to(self._device)


def _share_memory(array: NDArray[Any]) -> Tensor:
    """Return a tensor that shares the array's memory; the backend never writes to it."""
    backwards = any(stride < 0 for stride in array.strides)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(array) if backwards else np.asarray(array))
