"""The trainer: variables by name, and the compiled functions that update them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit.contract import (
    NO_LABELS,
    AnyLabels,
    Array,
    Batch,
    Block,
    Problem,
    State,
    check_state,
    keep_freed_memory,
    strip_prefix,
)
from gankit.contract.loss_columns import NETWORKS, of_steps
from gankit.contract.required_inputs import RequiredInputs
from gankit.contract.scalars import names
from gankit.errors import ConfigError
from gankit.functional import Inputs
from gankit.layers import Shape
from gankit.terms import SIDES
from gankit_keras.blocks import BlockRunner, BlockTensors, DataTensors
from gankit_keras.device_data import DeviceData, device_data
from gankit_keras.framework import Tensor, compiled, device_name, tf, use_xla
from gankit_keras.inference import Inference, label_signature, network_labels
from gankit_keras.networks import KerasNetworks, Network
from gankit_keras.random_inputs import RandomInputSampler, sampler
from gankit_keras.tensorflow_framework import TensorFlow
from gankit_keras.tensorflow_processes import peers
from gankit_keras.tensorflow_sums import sums_of
from gankit_keras.updates import (
    VariableUpdates,
    inputs_signature,
    mask_signatures,
    random_signatures,
)
from gankit_keras.variables import assign, initial_variables, to_arrays

Kind: TypeAlias = tuple[tf.DType, int]
"""The dtype and the number of axes of images."""
CHUNK_BYTES = 12 * 2**20
"""The most bytes of a block per call; TensorFlow copies them, which takes as many again."""


class KerasTrainer:
    """A generator and a discriminator in training, in Keras on TensorFlow."""

    def __init__(self, problem: Problem) -> None:
        keep_freed_memory()
        self._problem, self._required = problem, RequiredInputs(problem)
        self._device = device_name(problem.device)
        self._meeting = peers if problem.world.size > 1 else nullcontext
        with tf.device(self._device):
            self._framework = TensorFlow(problem.precision, problem.device)
            self._framework.sums = sums_of(problem.world)
            networks = KerasNetworks(problem, self._framework)
            self._variables = initial_variables(problem, networks)
            self._pixels = tf.constant(problem.pixels)
        own = networks.by_name
        self.generator, self.discriminator = (self._inference(own[side], side) for side in SIDES)
        self.average = self._inference(own["generator"], "average") if problem.average else None
        self.networks = {name: self._inference(own[name], name) for name in problem.networks}
        # A classifier needs labels even if no network is class-conditional.
        conditional = any(network.label_format for network in own.values())
        used = conditional or problem.classifies
        self._label_format = problem.label_format if used else NO_LABELS
        random = {name: network.random for name, network in own.items()}
        self._discriminator_sampler, self._generator_sampler = (
            sampler(problem, random, side) for side in NETWORKS
        )
        first, last = (
            inputs_signature(problem, each, self._label_format)
            for each in (self._discriminator_sampler, self._generator_sampler)
        )
        self._updates = VariableUpdates(
            problem, networks, self._framework, self._variables, first, self._device
        )
        self._by_xla = use_xla()
        self._update_discriminator = compiled(
            self._updates.update_discriminator, self._device, first, by_xla=self._by_xla
        )
        self._update_generator = compiled(
            self._updates.update_generator, self._device, last, by_xla=self._by_xla
        )
        self._data: DeviceData | None = None
        self._sources: DeviceData | None = None
        self._compiled_runs: dict[tuple[Kind, Kind | None], Any] = {}

    def update_discriminator(self, batch: Batch, /) -> Tensor:
        """Update the discriminator alone, once."""
        with self._meeting():
            return self._update_discriminator(
                self._batch(batch, batch.real, self._discriminator_sampler)
            )

    def update_generator(self, batch: Batch, /) -> Tensor:
        """Update the generator alone, once, and its average."""
        real = batch.real if self._problem.generator_uses_real else batch.real[:0]
        with self._meeting():
            return self._update_generator(self._batch(batch, real, self._generator_sampler))

    def place(
        self, images: NDArray[Any], labels: AnyLabels | None, source: NDArray[Any] | None = None, /
    ) -> None:
        """Store the data set on the device; images in a file stay there, and blocks read them."""
        with tf.device(self._device):
            self._data = device_data(self._problem, images, labels, self._label_format)
            if source is not None:
                self._sources = device_data(self._problem, source, None, NO_LABELS)

    def train_block(self, block: Block, /) -> Array:
        """Run many steps in one call, or in a few of at most 12 MiB."""
        if self._data is None:
            raise ConfigError("train_block needs the data set; call place(images, labels) first")
        self._required.check(block)
        made: list[Array] = []
        size = self._chunk_steps(block, self._data)
        for start in range(0, len(block), size):
            chunk = slice(start, start + size)
            data = DataTensors(
                self._data.real(self._real_index(block, chunk)),
                self._data.labels,
                ()
                if self._sources is None
                else self._sources.real(self._source_index(block, chunk)),
            )
            with self._meeting():
                made.append(np.asarray(self._run(data)(data, self._block_arrays(block, chunk))))
        losses, (critics, last) = np.concatenate(made), self._widths
        return of_steps(losses[:, :-1, :critics], losses[:, -1, :last])

    def state(self) -> State:
        """Return copies of everything that is needed to resume."""
        return to_arrays(self._variables)

    def load_state(self, state: State, /) -> None:
        """Resume from `state`, all or nothing."""
        check_state(state, to_arrays(self._variables))
        assign(self._variables, state)

    def _inference(self, network: Network, name: str) -> Inference:
        values = strip_prefix(self._variables, name)
        return Inference(network, values, self._framework, self._device, self._problem)

    def _batch(self, batch: Batch, real: Array, sampler: RandomInputSampler) -> Inputs:
        """Return the arrays of an update, with the random inputs inside its networks."""
        self._required.check(batch)
        own = self._problem.world.rows(len(batch.noise))
        return Inputs(
            real=real[own],
            noise=batch.noise,
            labels=self._labels(batch),
            random={name: array[own] for name, array in batch.random.items() if name != "flip"},
            scalars={name: np.float64(batch.scalars[name]) for name in names(self._problem)},
            masks=sampler.sample(batch.key, len(batch.noise)),
            followers={},
            source=() if batch.source is None else batch.source[own],
        )

    def _labels(self, batch: Batch) -> AnyLabels:
        precision = self._problem.precision
        return network_labels(batch.labels, len(batch.noise), self._label_format, precision)

    def _block_arrays(self, block: Block, chunk: slice) -> BlockTensors:
        """Return the arrays of a block's chunk, with the random inputs inside its networks."""
        keys = [block.keys(r) for r in range(*chunk.indices(len(block)))]
        batch = block.index.shape[2]
        discriminator, generator = self._discriminator_sampler, self._generator_sampler
        own = self._problem.world.rows(batch)
        return BlockTensors(
            index=block.index[chunk],
            noise=block.noise[chunk],
            random={name: array[chunk, :, own] for name, array in block.random.items()},
            scalars={name: block.scalars[name][chunk] for name in names(self._problem)},
            discriminator_random=discriminator.sample_many([row[:-1] for row in keys], batch),
            generator_random=generator.sample_many([row[-1:] for row in keys], batch),
            source_index=() if block.source_index is None else block.source_index[chunk],
        )

    def _real_index(self, block: Block, chunk: slice) -> NDArray[np.int64]:
        """Return the indices of a chunk's real images: the generator's only if paired."""
        index = block.index[chunk, :, self._problem.world.rows(block.index.shape[2])]
        return index if self._problem.generator_uses_real else index[:, :-1]

    def _source_index(self, block: Block, chunk: slice) -> NDArray[np.int64]:
        """Return the indices of a chunk's sources."""
        own = self._problem.world.rows(block.index.shape[2])
        index: NDArray[np.int64] = np.asarray(block.source_index)[chunk, :, own]
        return index

    def _chunk_steps(self, block: Block, data: DeviceData) -> int:
        """Return the number of steps per call, at least one."""
        first = slice(0, 1)
        arrays: list[NDArray[Any]] = tf.nest.flatten(self._block_arrays(block, first))
        size = sum(array.nbytes for array in arrays) + data.nbytes(self._real_index(block, first))
        if self._sources is not None:
            size += self._sources.nbytes(self._source_index(block, first))
        return max(1, CHUNK_BYTES // size)

    def _run(self, data: DataTensors) -> Any:  # noqa: ANN401 - TensorFlow has no types.
        """Return the compiled function that runs steps on data of this dtype and rank."""
        kind = _kind(data.real), None if self._sources is None else _kind(data.source)
        if kind not in self._compiled_runs:
            self._compiled_runs[kind] = self._compile_run(*kind)
        return self._compiled_runs[kind]

    def _compile_run(self, images: Kind, sources: Kind | None) -> Any:  # noqa: ANN401
        problem, many = self._problem, (None, None, None)

        def signature(kind: Kind, shape: Shape) -> tf.TensorSpec:
            dtype, rank = kind
            return tf.TensorSpec((*many[: rank - 3], *shape), dtype)

        data = DataTensors(
            signature(images, problem.image_shape),
            label_signature(self._label_format, problem.precision),
            () if sources is None else signature(sources, problem.source_shape or ()),
        )
        block = BlockTensors(
            index=tf.TensorSpec(many, tf.int64),
            noise=tf.TensorSpec((*many, problem.noise_width), problem.precision),
            random=random_signatures(problem, None, None),
            scalars=dict.fromkeys(names(problem), tf.TensorSpec((None, None), tf.float64)),
            discriminator_random=mask_signatures(self._discriminator_sampler, None, None),
            generator_random=mask_signatures(self._generator_sampler, None, None),
            source_index=() if sources is None else tf.TensorSpec(many, tf.int64),
        )
        runner = BlockRunner(
            self._update_discriminator,
            self._update_generator,
            self._updates.update_both if self._shares_images() else None,
            self._pixels,
            uses_real=problem.generator_uses_real,
            paired=problem.source == "paired",
            labelled=bool(self._label_format),
            width=max(self._widths),
            world=problem.world,
        )
        return compiled(runner.run, self._device, data, block)

    @property
    def _widths(self) -> tuple[int, ...]:
        """The numbers that an update of each network returns."""
        return tuple(1 + len(self._problem.values_after(side)) for side in NETWORKS)

    def _shares_images(self) -> bool:
        """Whether a step's last two updates use the same generated images.

        XLA is excluded: it would compute other bits for the two updates together than one by one.
        """
        return self._problem.shares_generated and not self._by_xla


def _kind(images: Any) -> Kind:  # noqa: ANN401 - an array or a tensor.
    return tf.as_dtype(images.dtype), images.ndim
