"""The trainer: variables by name, and the compiled functions that move them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.backend import Array, Batch, Block, Labels, Problem, State
from gankit.errors import ConfigError
from gankit.randomness import Site
from gankit.state import check_state, part, under
from gankit_keras.draws import Drawer
from gankit_keras.forms import form
from gankit_keras.framework import Tensor, Variable, compiled, device_name, tf
from gankit_keras.networks import Network, assign, to_arrays
from gankit_keras.optimizers import updater
from gankit_keras.rounds import Rounds, Runner
from gankit_keras.steps import Inputs, Steps

CHUNK_BYTES = 12 * 2**20
"""How much of a block is handed over at a time; TensorFlow's copy comes on top of it."""


class KerasTrainer:
    """A generator and a discriminator in training, in Keras on TensorFlow."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._device = device_name(problem.device)
        with tf.device(self._device):
            self._steps = _steps(problem, self._device)
            self._pixels = tf.constant(problem.pixels)
        self.generator = self._steps.generator
        self.discriminator = self._steps.discriminator
        self.average = self._steps.average
        self._drawer = Drawer(self.generator.form.draws, self.discriminator.form.draws)
        signature = _step_signature(problem, self._drawer)
        self._discriminator_step = compiled(self._steps.discriminator_step, self._device, signature)
        self._generator_step = compiled(self._steps.generator_step, self._device, signature)
        self._images: Tensor = None
        self._run: Any = None

    def discriminator_step(self, batch: Batch, /) -> Tensor:
        """Update the discriminator alone, once."""
        return self._discriminator_step(self._inputs(batch, batch.real))

    def generator_step(self, batch: Batch, /) -> Tensor:
        """Update the generator alone, once, and its average."""
        real = batch.real if self._problem.loss.paired else batch.real[:0]
        return self._generator_step(self._inputs(batch, real))

    def place(self, images: NDArray[Any], _labels: Labels | None, /) -> None:
        """Keep the images on the device, uint8 ones as they are."""
        kept = images if images.dtype == np.uint8 else self._problem.scale(images)
        known = self._images is not None and self._images.dtype == kept.dtype
        with tf.device(self._device):
            self._images = tf.constant(kept)
        if not known:
            self._run = self._compiled_rounds(self._images.dtype)

    def train_block(self, block: Block, /) -> Array:
        """Run many rounds in one call, or in a few of at most 12 MiB."""
        if self._run is None:
            raise ConfigError("train_block needs the data set; call place(images, labels) first")
        losses = np.empty(block.index.shape[:2])
        step = self._chunk(block)
        for start in range(0, len(block), step):
            chunk = slice(start, start + step)
            losses[chunk] = self._run(self._images, self._rounds(block, chunk))
        return np.stack([losses[:, :-1].mean(axis=1), losses[:, -1]], axis=1)

    def state(self) -> State:
        """Return copies of everything that is needed to go on."""
        return to_arrays(self._variables())

    def load_state(self, state: State, /) -> None:
        """Go on from `state`, all or nothing."""
        variables = self._variables()
        check_state(state, to_arrays(variables))
        assign(variables, state)

    def _variables(self) -> dict[str, Variable]:
        steps = self._steps
        variables = under("generator", steps.generator.values)
        variables |= under("discriminator", steps.discriminator.values)
        if steps.average:
            variables |= under("average", steps.average.values)
        variables |= under("optimizer/generator", steps.generator_updater.state())
        variables |= under("optimizer/discriminator", steps.discriminator_updater.state())
        return variables | {"round": steps.rounds}

    def _inputs(self, batch: Batch, real: Array) -> Inputs:
        fakes = len(batch.noise)
        rates = {name: np.float64(batch.rates[name]) for name in _rates(self._problem)}
        draws = self._drawer.draws(batch.key, fakes, fakes + len(real))
        return Inputs(real, batch.noise, rates, draws)

    def _rounds(self, block: Block, chunk: slice) -> Rounds:
        """Return a chunk of a block, with its draws."""
        keys = [block.keys(r) for r in range(*chunk.indices(len(block)))]
        size = block.index.shape[2]
        judged = 2 * size if self._problem.loss.paired else size
        return Rounds(
            index=block.index[chunk],
            noise=block.noise[chunk],
            rates={name: block.rates[name][chunk] for name in _rates(self._problem)},
            critic=self._drawer.stacked([row[:-1] for row in keys], size, 2 * size),
            last=self._drawer.stacked([row[-1:] for row in keys], size, judged),
        )

    def _chunk(self, block: Block) -> int:
        """Return how many rounds are handed over at a time, at least one."""
        one: list[NDArray[Any]] = tf.nest.flatten(self._rounds(block, slice(0, 1)))
        return max(1, CHUNK_BYTES // sum(array.nbytes for array in one))

    def _compiled_rounds(self, images: tf.DType) -> Any:  # noqa: ANN401 - TensorFlow has no types.
        problem, draws = self._problem, self._drawer.signature(None, None)
        # Without draws of its own a generator makes the same images of the same noise.
        shared = not problem.fresh_noise and not self.generator.form.draws
        rounds = Rounds(
            index=tf.TensorSpec((None, None, None), tf.int64),
            noise=tf.TensorSpec((None, None, None, problem.latent), problem.precision),
            rates={name: tf.TensorSpec((None, None), tf.float64) for name in _rates(problem)},
            critic=draws,
            last=draws,
        )
        run = Runner(self._steps, self._pixels, shared).run
        signature = tf.TensorSpec((None, *problem.image_shape), images)
        return compiled(run, self._device, signature, rounds)


def _steps(problem: Problem, device: str | None) -> Steps:
    """Build both networks with their first weights, and what moves them."""
    generator = Network(form(problem, Site.GENERATOR), device)
    discriminator = Network(form(problem, Site.DISCRIMINATOR), device)
    weights = problem.initial_weights()
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        if not network.form.native:
            network.load_weights(part(weights, name))
    updaters = [
        updater(optimizer, network.weights_in_training, problem.precision)
        for optimizer, network in (
            (problem.generator_optimizer, generator),
            (problem.discriminator_optimizer, discriminator),
        )
    ]
    return Steps(
        generator=generator,
        discriminator=discriminator,
        average=generator.copied() if problem.average else None,
        generator_updater=updaters[0],
        discriminator_updater=updaters[1],
        rounds=tf.Variable(0, dtype=tf.int64),
        loss=problem.loss,
    )


def _step_signature(problem: Problem, drawer: Drawer) -> Inputs:
    return Inputs(
        real=tf.TensorSpec((None, *problem.image_shape), problem.precision),
        noise=tf.TensorSpec((None, problem.latent), problem.precision),
        rates={name: tf.TensorSpec((), tf.float64) for name in _rates(problem)},
        draws=drawer.signature(),
    )


def _rates(problem: Problem) -> tuple[str, ...]:
    """Return the names of the rates that the steps use."""
    learning = ("generator/learning_rate", "discriminator/learning_rate")
    return (*learning, "average") if problem.average else learning
