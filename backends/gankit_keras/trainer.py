"""The trainer: variables by name, and the compiled functions that update them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Array, Batch, Block, Labels, Problem, State, add_prefix, check_state
from gankit.contract.required_inputs import RequiredInputs
from gankit.contract.scalars import names
from gankit.errors import ConfigError
from gankit_keras.blocks import Data, Runner, Steps
from gankit_keras.building import drawers, updates
from gankit_keras.draws import Drawer
from gankit_keras.framework import Tensor, Variable, compiled, device_name, tf, xla_asked
from gankit_keras.inputs import Inputs, number_signatures, signature
from gankit_keras.networks import assign, to_arrays, told_labels
from gankit_keras.placed import Placed, placed

CHUNK_BYTES = 12 * 2**20
"""Bytes of a block per call; TensorFlow's copy comes on top of it."""


class KerasTrainer:
    """A generator and a discriminator in training, in Keras on TensorFlow."""

    def __init__(self, problem: Problem) -> None:
        self._problem, self._required = problem, RequiredInputs(problem)
        self._device = device_name(problem.device)
        with tf.device(self._device):
            self._updates, self._moving = updates(problem, self._device)
            self._pixels = tf.constant(problem.pixels)
        self.generator = self._updates.generator
        self.discriminator = self._updates.judge.network
        self.average = self._updates.average
        # An auxiliary classifier needs labels even if neither network is class-conditional.
        looking = self.generator.form.classes or self.discriminator.form.classes
        self._classes = problem.classes if looking or problem.auxiliary else 0
        self._critic, self._last = drawers(problem, self.generator, self.discriminator)
        self._by_xla = by_xla = xla_asked()
        self._update_discriminator = compiled(
            self._updates.update_discriminator, self._device, signature(problem, self._critic),
            by_xla=by_xla,
        )  # fmt: skip
        self._update_generator = compiled(
            self._updates.update_generator, self._device, signature(problem, self._last),
            by_xla=by_xla,
        )  # fmt: skip
        self._placed: Placed | None = None
        self._runs: dict[tuple[tf.DType, int], Any] = {}

    def update_discriminator(self, batch: Batch, /) -> Tensor:
        """Update the discriminator alone, once."""
        return self._update_discriminator(self._inputs(batch, batch.real, self._critic))

    def update_generator(self, batch: Batch, /) -> Tensor:
        """Update the generator alone, once, and its average."""
        real = batch.real if self._problem.loss.paired else batch.real[:0]
        return self._update_generator(self._inputs(batch, real, self._last))

    def place(self, images: NDArray[Any], labels: Labels | None, /) -> None:
        """Store the images on the device, uint8 ones unconverted; images in a file stay there."""
        with tf.device(self._device):
            self._placed = placed(self._problem, images, labels, self._classes)

    def train_block(self, block: Block, /) -> Array:
        """Run many steps in one call, or in a few of at most 12 MiB."""
        if self._placed is None:
            raise ConfigError("train_block needs the data set; call place(images, labels) first")
        self._required.check(block)
        losses = np.empty(block.index.shape[:2])
        update = self._chunk(block, self._placed)
        for start in range(0, len(block), update):
            chunk = slice(start, start + update)
            data = Data(self._placed.real(self._seen(block, chunk)), self._placed.labels)
            losses[chunk] = self._run(data)(data, self._steps(block, chunk))
        return np.stack([losses[:, :-1].mean(axis=1), losses[:, -1]], axis=1)

    def state(self) -> State:
        """Return copies of everything that is needed to resume."""
        return to_arrays(self._variables())

    def load_state(self, state: State, /) -> None:
        """Resume from `state`, all or nothing."""
        variables = self._variables()
        check_state(state, to_arrays(variables))
        assign(variables, state)

    def _variables(self) -> dict[str, Variable]:
        variables = add_prefix("generator", self.generator.values)
        variables |= add_prefix("discriminator", self.discriminator.values)
        if self.average:
            variables |= add_prefix("average", self.average.values)
        variables |= add_prefix("optimizer/generator", self._updates.updater.state())
        variables |= add_prefix("optimizer/discriminator", self._moving.updater.state())
        if adaptive := self._updates.judge.adaptive:
            variables |= add_prefix("ada", adaptive.state())
        return variables | {"step": self._updates.steps}

    def _inputs(self, batch: Batch, real: Array, drawer: Drawer) -> Inputs:
        """Return an update's inputs."""
        self._required.check(batch)
        return Inputs(
            real=real,
            noise=batch.noise,
            labels=told_labels(batch.labels, len(batch.noise), self._classes),
            numbers={name: draw for name, draw in batch.random.items() if name != "flip"},
            scalars={name: np.float64(batch.scalars[name]) for name in names(self._problem)},
            random=drawer.draws(batch.key, len(batch.noise)),
        )

    def _steps(self, block: Block, chunk: slice) -> Steps:
        """Return a chunk of a block, with its random inputs."""
        keys = [block.keys(r) for r in range(*chunk.indices(len(block)))]
        size = block.index.shape[2]
        return Steps(
            index=block.index[chunk],
            noise=block.noise[chunk],
            numbers={name: draw[chunk] for name, draw in block.random.items()},
            scalars={name: block.scalars[name][chunk] for name in names(self._problem)},
            critic=self._critic.stacked([row[:-1] for row in keys], size),
            last=self._last.stacked([row[-1:] for row in keys], size),
        )

    def _seen(self, block: Block, chunk: slice) -> NDArray[np.int64]:
        """Return the indices of a chunk's real images: the generator's only if paired."""
        index = block.index[chunk]
        return index if self._problem.loss.paired else index[:, :-1]

    def _chunk(self, block: Block, data: Placed) -> int:
        """Return the number of steps per call, at least one."""
        first = slice(0, 1)
        one: list[NDArray[Any]] = tf.nest.flatten(self._steps(block, first))
        size = sum(array.nbytes for array in one) + data.nbytes(self._seen(block, first))
        return max(1, CHUNK_BYTES // size)

    def _run(self, data: Data) -> Any:  # noqa: ANN401 - TensorFlow has no types.
        """Return the compiled steps for data like these."""
        kind = tf.as_dtype(data.real.dtype), data.real.ndim
        if kind not in self._runs:
            self._runs[kind] = self._compiled_steps(*kind)
        return self._runs[kind]

    def _compiled_steps(self, dtype: tf.DType, rank: int) -> Any:  # noqa: ANN401
        problem, many = self._problem, (None, None, None)
        real = tf.TensorSpec((*many[: rank - 3], *problem.image_shape), dtype)
        data = Data(real, tf.TensorSpec((None,), tf.int64))
        steps = Steps(
            index=tf.TensorSpec(many, tf.int64),
            noise=tf.TensorSpec((*many, problem.latent), problem.precision),
            numbers=number_signatures(problem, None, None),
            scalars=dict.fromkeys(names(problem), tf.TensorSpec((None, None), tf.float64)),
            critic=self._critic.signature(None, None),
            last=self._last.signature(None, None),
        )
        runner = Runner(
            self._update_discriminator,
            self._update_generator,
            self._updates.update_both if self._shared() else None,
            self._pixels,
            paired=problem.loss.paired,
            labelled=bool(self._classes),
        )
        return compiled(runner.run, self._device, data, steps)

    def _shared(self) -> bool:
        """Whether a step's last two updates generate the same images, which depend on noise only.

        XLA would compute other bits for them together than one by one.
        """
        form = self.generator.form
        return not (self._by_xla or self._problem.fresh_noise or form.random or form.classes)
