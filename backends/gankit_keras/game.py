"""The two moves and the round of them, as TensorFlow traces them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from gankit.backend import Problem
from gankit.randomness import Site
from gankit_keras.draws import StepDraws
from gankit_keras.networks import Player, player
from gankit_keras.ops import Ops
from gankit_keras.optimizers import Updater
from gankit_keras.tensors import Tensor


class Step(NamedTuple):
    """What one step sees, as tensors; `real` is `()` where the loss does not look at it."""

    real: Tensor
    noise: Tensor
    draws: StepDraws
    rates: Mapping[str, Tensor]


class Fakes(NamedTuple):
    """A generator's images, and the tape that leads back to its weights."""

    images: Tensor
    tape: Any


class Game:
    """The two players, the generator's average, and how each is moved."""

    def __init__(self, problem: Problem, device: str) -> None:
        self.generator = player(problem, Site.GENERATOR, device)
        self.discriminator = player(problem, Site.DISCRIMINATOR, device)
        self.average = self.generator.copy() if problem.average else None
        self.paired = problem.loss.paired
        self._loss, self._ops = problem.loss, Ops()
        with tf.device(device):
            self.g_updater = Updater(problem.generator_optimizer, self.generator.model.trainable)
            self.d_updater = Updater(
                problem.discriminator_optimizer, self.discriminator.model.trainable
            )
        self._reuses = self.generator.model.repeats and not problem.fresh_noise

    def discriminator_step(self, step: Step) -> Tensor:
        """Update the discriminator alone, once."""
        fake = self.generator.play(step.noise, step.draws.generator, own=False)
        return self._move_discriminator(fake, step)

    def generator_step(self, step: Step) -> Tensor:
        """Update the generator alone, once, and its average."""
        return self._move_generator(self._fakes(step, own=True), step)

    def round(self, critic: list[Step], last: Step) -> Tensor:
        """Run a round, reusing G's last forward pass where both steps share its noise.

        Return each step's loss, the generator's last.
        """
        losses = []
        for step in critic:
            fakes = self._fakes(step, own=False)
            losses.append(self._move_discriminator(fakes.images, step))
        if not self._reuses:
            fakes = self._fakes(last, own=True)
        return tf.stack([*losses, self._move_generator(fakes, last)])

    def _fakes(self, step: Step, *, own: bool) -> Fakes:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(list(self.generator.model.trainable.values()))
            images = self.generator.play(step.noise, step.draws.generator, own=own)
        return Fakes(images, tape)

    def _move_discriminator(self, fake: Tensor, step: Step) -> Tensor:
        count, variables = tf.shape(fake)[0], list(self.discriminator.model.trainable.values())
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            joined = tf.concat([fake, step.real], 0)
            logits = self.discriminator.play(joined, step.draws.discriminator, own=True)
            loss = self._loss.discriminator(self._ops, logits[count:], logits[:count])
        gradients = tape.gradient(loss, variables, unconnected_gradients="zero")
        self.d_updater.update(gradients, step.rates["discriminator/learning_rate"])
        return loss

    def _move_generator(self, fakes: Fakes, step: Step) -> Tensor:
        count, variables = tf.shape(fakes.images)[0], list(self.generator.model.trainable.values())
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(fakes.images)
            joined = tf.concat([fakes.images, step.real], 0) if self.paired else fakes.images
            logits = self.discriminator.play(joined, step.draws.discriminator, own=False)
            reals = logits[count:] if self.paired else None
            loss = self._loss.generator(self._ops, reals, logits[:count])
        towards = tape.gradient(loss, fakes.images, unconnected_gradients="zero")
        gradients = fakes.tape.gradient(
            fakes.images, variables, output_gradients=towards, unconnected_gradients="zero"
        )
        self.g_updater.update(gradients, step.rates["generator/learning_rate"])
        if self.average:
            _blend(self.average, self.generator, step.rates["average"])
        return loss


def _blend(average: Player, weights: Player, beta: Tensor) -> None:
    """Move the average; running state, which is no weight, is copied."""
    moving = weights.model.trainable
    for name, variable in average.model.variables.items():
        current = weights.model.variables[name]
        if name in moving:
            share = tf.cast(1 - beta, variable.dtype)
            variable.assign_sub((variable - current) * share)
        else:
            variable.assign(current)
