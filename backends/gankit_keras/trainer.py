"""The trainer: arrays in, compiled moves, arrays out."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gankit.backend import Array, Batch, Block, Labels, Problem, State
from gankit.state import check_state, part, under
from gankit_keras.blocks import chunks, step_draws
from gankit_keras.compiled import Compiled
from gankit_keras.devices import device
from gankit_keras.game import Game, Step
from gankit_keras.tensors import Tensor, Variables, assign, to_arrays


class KerasTrainer:
    """A generator and a discriminator in training, in Keras on TensorFlow."""

    def __init__(self, problem: Problem) -> None:
        self._device, self._precision = device(problem.device), problem.precision
        self._game = Game(problem, self._device)
        self._compiled = Compiled(problem, self._game, self._device)
        self.generator = self._game.generator
        self.discriminator = self._game.discriminator
        self.average = self._game.average
        self._round = 0
        self._images: Tensor = None

    def discriminator_step(self, batch: Batch, /) -> Tensor:
        """Update the discriminator alone, once."""
        return self._compiled.discriminator_step(self._step(batch, critic=True))

    def generator_step(self, batch: Batch, /) -> Tensor:
        """Update the generator alone, once, and its average."""
        loss = self._compiled.generator_step(self._step(batch, critic=False))
        self._round += 1
        return loss

    def place(self, images: NDArray[Any], _labels: Labels | None, /) -> None:
        """Keep the images on the device, uint8 ones as they are."""
        with tf.device(self._device):
            self._images = tf.constant(images)

    def train_block(self, block: Block, /) -> Array:
        """Run many rounds in one call, or in a few where dropout's masks are large."""
        pieces = chunks(self._game, block, self._compiled.rates)
        losses = [self._compiled.block(rounds, self._images).numpy() for rounds in pieces]
        self._round += len(block)
        steps = np.concatenate(losses).astype(np.float64)
        return np.stack([steps[:, :-1].mean(1), steps[:, -1]], 1)

    def state(self) -> State:
        """Return copies of everything that is needed to go on."""
        state = to_arrays(self._variables())
        state |= under("optimizer/generator", self._game.g_updater.state())
        state |= under("optimizer/discriminator", self._game.d_updater.state())
        return state | {"round": np.array(self._round, np.int64)}

    def load_state(self, state: State, /) -> None:
        """Go on from `state`, all or nothing."""
        check_state(state, self.state())
        assign(self._variables(), state)
        self._game.g_updater.load_state(part(state, "optimizer/generator"))
        self._game.d_updater.load_state(part(state, "optimizer/discriminator"))
        self._round = int(state["round"])

    def _variables(self) -> Variables:
        variables = under("generator", self.generator.model.variables)
        variables |= under("discriminator", self.discriminator.model.variables)
        return variables | (under("average", self.average.model.variables) if self.average else {})

    def _step(self, batch: Batch, *, critic: bool) -> Step:
        """Return the batch as what a compiled step takes."""
        real = np.asarray(batch.real, self._precision) if critic or self._game.paired else ()
        return Step(
            real=real,
            noise=np.asarray(batch.noise, self._precision),
            draws=step_draws(self._game, batch.key, len(batch.noise), critic=critic),
            rates={name: np.float64(batch.rates[name]) for name in self._compiled.rates},
        )
