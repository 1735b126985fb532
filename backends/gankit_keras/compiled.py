"""The game's moves compiled once, whatever the batch and the block."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from gankit.backend import Problem
from gankit_keras.blocks import Rounds
from gankit_keras.draws import Draws, StepDraws
from gankit_keras.game import Game, Step
from gankit_keras.tensors import DType, Function, Signature, Tensor


class Compiled:
    """The two steps and the block as functions of tensors with fixed signatures."""

    def __init__(self, problem: Problem, game: Game, device: str) -> None:
        self._problem, self._game, self._device = problem, game, device
        self._blocks: dict[tuple[int, DType], Function] = {}
        self._dtype = tf.as_dtype(problem.precision)
        self.rates = ["generator/learning_rate", "discriminator/learning_rate"]
        self.rates += ["average"] if problem.average else []
        self.discriminator_step = self._compile(game.discriminator_step, self._step(critic=True))
        self.generator_step = self._compile(game.generator_step, self._step(critic=False))

    def block(self, rounds: Rounds, images: Tensor) -> Tensor:
        """Run the rounds over images on the device; return `(K, C + 1)` losses."""
        critic = rounds.index.shape[1] - 1
        kind = (critic, images.dtype)
        if kind not in self._blocks:
            shape = (None, *self._problem.image_shape)
            self._blocks[kind] = self._compile(
                self._run, self._rounds(critic), tf.TensorSpec(shape, images.dtype)
            )
        return self._blocks[kind](rounds, images)

    def _run(self, rounds: Rounds, images: Tensor) -> Tensor:
        """Run the rounds one after the other, for each moves what the next begins with."""
        return tf.map_fn(
            lambda one: self._round(one, images),
            rounds,
            fn_output_signature=tf.TensorSpec(rounds.index.shape[1], self._dtype),
            parallel_iterations=1,
        )

    def _round(self, one: Rounds, images: Tensor) -> Tensor:
        count = one.noise.shape[0] - 1
        draws = [tf.nest.map_structure(lambda x, s=s: x[s], one.critic) for s in range(count)]
        steps = []
        for s, drawn in enumerate([*draws, one.last]):
            real = self._look_up(images, one.index[s]) if s < count or self._game.paired else ()
            rates = {name: rate[s] for name, rate in one.rates.items()}
            steps.append(Step(real, one.noise[s], drawn, rates))
        return self._game.round(steps[:-1], steps[-1])

    def _look_up(self, images: Tensor, index: Tensor) -> Tensor:
        found = tf.gather(images, index)
        if images.dtype == tf.uint8:
            return tf.gather(tf.constant(self._problem.pixels), tf.cast(found, tf.int32))
        return tf.cast(found, self._dtype)

    def _compile(self, function: Callable[..., Tensor], *signature: Signature) -> Function:
        def placed(*inputs: Tensor) -> Tensor:
            with tf.device(self._device):
                return function(*inputs)

        return tf.function(placed, input_signature=signature, autograph=False, jit_compile=False)

    def _step(self, *, critic: bool) -> Step:
        image = tf.TensorSpec((None, *self._problem.image_shape), self._dtype)
        return Step(
            real=image if critic or self._game.paired else (),
            noise=tf.TensorSpec((None, self._problem.latent), self._dtype),
            draws=self._draws(),
            rates={name: tf.TensorSpec((), tf.float64) for name in self.rates},
        )

    def _rounds(self, critic: int) -> Rounds:
        steps = (None, critic + 1)
        return Rounds(
            index=tf.TensorSpec((*steps, None), tf.int64),
            noise=tf.TensorSpec((*steps, None, self._problem.latent), self._dtype),
            rates={name: tf.TensorSpec(steps, tf.float64) for name in self.rates},
            critic=self._draws(None, critic),
            last=self._draws(None),
        )

    def _draws(self, *stacked: int | None) -> StepDraws:
        return StepDraws(
            _stacked(self._game.generator.model.draw_specs, stacked),
            _stacked(self._game.discriminator.model.draw_specs, stacked),
        )


def _stacked(specs: Draws, stacked: tuple[int | None, ...]) -> Draws:
    return tuple(tf.TensorSpec((*stacked, *spec.shape), spec.dtype) for spec in specs)
