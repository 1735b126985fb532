"""The two steps, as they are compiled: on tensors, with everything random an input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gankit.losses import Loss
from gankit_keras.draws import Draws
from gankit_keras.framework import Tensor, Variable, tf
from gankit_keras.networks import Network
from gankit_keras.ops import Ops
from gankit_keras.optimizers import Updater

OPS = Ops()


class Inputs(NamedTuple):
    """What a step sees, as tensors or their signatures.

    Attributes
    ----------
    real
        `(B, height, width, channels)`; no rows in a generator step whose loss is not paired.
    noise
        `(B, latent)`.
    rates
        Float64 scalars by name, as in `gankit.backend.Batch`.
    draws
        What the networks draw.
    """

    real: Tensor
    noise: Tensor
    rates: Mapping[str, Tensor]
    draws: Draws


class Pass(NamedTuple):
    """A generator's forward pass that can be differentiated."""

    tape: tf.GradientTape
    fake: Tensor
    running: dict[str, Tensor]


@dataclass(frozen=True)
class Steps:
    """A generator and a discriminator with what moves them."""

    generator: Network
    discriminator: Network
    average: Network | None
    generator_updater: Updater
    discriminator_updater: Updater
    rounds: Variable
    loss: Loss

    def discriminator_step(self, inputs: Inputs) -> Tensor:
        """Move the discriminator; return its loss before the move."""
        fake, _ = self.generator.forward(inputs.noise, inputs.draws.generator)
        return self._move_discriminator(fake, inputs)

    def generator_step(self, inputs: Inputs) -> Tensor:
        """Move the generator, then its average; return its loss before the move."""
        return self._move_generator(self._generate(inputs), inputs)

    def both_steps(self, first: Inputs, second: Inputs, shared: bool) -> Tensor:
        """Take a discriminator step, then a generator step; return both losses, `(2,)`.

        If `shared`, both would make the same images: they are made once.
        """
        if not shared:
            losses = [self.discriminator_step(first), self.generator_step(second)]
        else:
            made = self._generate(first)
            losses = [self._move_discriminator(made.fake, first)]
            losses.append(self._move_generator(made, second))
        return tf.stack(losses)

    def _generate(self, inputs: Inputs) -> Pass:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(list(self.generator.weights_in_training.values()))
            fake, running = self.generator.forward(inputs.noise, inputs.draws.generator)
        return Pass(tape, fake, running)

    def _move_discriminator(self, fake: Tensor, inputs: Inputs) -> Tensor:
        weights = self.discriminator.weights_in_training
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(list(weights.values()))
            real, fake, running = self._judge(inputs.real, fake, inputs.draws)
            loss = self.loss.discriminator(OPS, real, fake)
        rate = inputs.rates["discriminator/learning_rate"]
        self.discriminator_updater.update(weights, _gradients(tape, loss, weights), rate)
        _store(self.discriminator, running)
        return loss

    def _move_generator(self, made: Pass, inputs: Inputs) -> Tensor:
        weights = self.generator.weights_in_training
        with made.tape:
            real, fake, _ = self._judge(inputs.real, made.fake, inputs.draws)
            loss = self.loss.generator(OPS, real if self.loss.paired else None, fake)
        gradients = _gradients(made.tape, loss, weights)
        self.generator_updater.update(weights, gradients, inputs.rates["generator/learning_rate"])
        _store(self.generator, made.running)
        if self.average:
            _blend(self.average, self.generator, inputs.rates["average"])
        self.rounds.assign_add(1)
        return loss

    def _judge(
        self, real: Tensor, fake: Tensor, draws: Draws
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Run the discriminator on one joined batch; return logits (real, fake), running state."""
        joined = tf.concat([fake, real], axis=0)
        logits, running = self.discriminator.forward(joined, draws.discriminator)
        fakes, reals = tf.split(logits, [tf.shape(fake)[0], tf.shape(real)[0]])
        return reals, fakes, running


def _gradients(
    tape: tf.GradientTape, loss: Tensor, weights: dict[str, Variable]
) -> dict[str, Tensor]:
    """Return the gradient of each weight; zero where the loss does not depend on it."""
    none = tf.UnconnectedGradients.ZERO
    found = tape.gradient(loss, list(weights.values()), unconnected_gradients=none)
    # An embedding's gradient comes as the rows that it concerns.
    return {name: tf.convert_to_tensor(g) for name, g in zip(weights, found, strict=True)}


def _store(network: Network, running: dict[str, Tensor]) -> None:
    for name, value in running.items():
        network.values[name].assign(value)


def _blend(average: Network, generator: Network, beta: Tensor) -> None:
    """Move the average; running state, which is no weight, is copied."""
    moving = generator.weights_in_training
    for name, value in average.values.items():
        if name in moving:
            share = tf.cast(1 - beta, value.dtype)
            value.assign_add(share * (moving[name] - value))
        else:
            value.assign(generator.values[name])
