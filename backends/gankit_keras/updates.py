"""The two updates as compiled functions of tensors, with all randomness as inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from gankit.contract import strip_prefix
from gankit.losses import Loss
from gankit_keras.framework import Tensor, Variable, tf
from gankit_keras.gradients import gradients
from gankit_keras.inputs import Inputs
from gankit_keras.judge import OPS, Judge, logit, told_apart
from gankit_keras.networks import Network
from gankit_keras.optimizers import Updater


class Made(NamedTuple):
    """A generator's forward pass with its gradient tape."""

    tape: tf.GradientTape
    fake: Tensor
    running: dict[str, Tensor]


@dataclass(frozen=True)
class Updates:
    """A generator and a discriminator with their updates.

    Attributes
    ----------
    judge, critic
        The discriminator, and its compiled update: `Critic.move`.
    auxiliary
        Weight of the auxiliary classifier; 0 for none.
    steps
        Number of steps done.
    """

    generator: Network
    average: Network | None
    updater: Updater
    judge: Judge
    critic: Callable[[Tensor, Inputs], Tensor]
    loss: Loss
    auxiliary: float
    steps: Variable

    def update_discriminator(self, inputs: Inputs) -> Tensor:
        """Update the discriminator; return its loss before the update."""
        draws = inputs.random.generator
        fake, _ = self.generator.forward(inputs.noise, inputs.labels, draws)
        return self.critic(fake, inputs)

    def update_generator(self, inputs: Inputs) -> Tensor:
        """Update the generator, then its average; return its loss before the update."""
        return self._move(self._generate(inputs), inputs)

    def update_both(self, first: Inputs, second: Inputs) -> tuple[Tensor, Tensor]:
        """Run a discriminator update, then a generator update, on the same generated images."""
        made = self._generate(first)
        return self.critic(made.fake, first), self._move(made, second)

    def _generate(self, inputs: Inputs) -> Made:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(list(self.generator.weights_in_training.values()))
            draws = inputs.random.generator
            fake, running = self.generator.forward(inputs.noise, inputs.labels, draws)
        return Made(tape, fake, running)

    def _move(self, made: Made, inputs: Inputs) -> Tensor:
        weights = self.generator.weights_in_training
        with made.tape:
            real = inputs.real if self.loss.paired else None
            fakes, reals, _ = self.judge(made.fake, real, inputs)
            loss = self.loss.generator(OPS, None if reals is None else logit(reals), logit(fakes))
            loss += told_apart(self.auxiliary, inputs.labels, fakes)
        moves = gradients(made.tape, loss, weights, self.generator.form)
        self.updater.update(weights, moves, strip_prefix(inputs.scalars, "generator"))
        self.generator.store(made.running)
        if self.average:
            self.average.blend(self.generator, inputs.scalars["average"])
        self.steps.assign_add(1)
        return loss
