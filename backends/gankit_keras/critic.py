"""The discriminator's part of the algorithm."""

from __future__ import annotations

from dataclasses import dataclass

from gankit.contract import strip_prefix
from gankit.losses import Loss
from gankit_keras.framework import Tensor, tf
from gankit_keras.gradients import gradients
from gankit_keras.inputs import Inputs
from gankit_keras.judge import OPS, Judge, logit, told_apart
from gankit_keras.optimizers import Updater
from gankit_keras.penalties import Steepness


@dataclass(frozen=True)
class Critic:
    """A discriminator with its updates.

    Attributes
    ----------
    auxiliary
        Weight of the auxiliary classifier; 0 for none.
    """

    judge: Judge
    updater: Updater
    loss: Loss
    auxiliary: float
    penalties: tuple[Steepness, ...]

    def move(self, fake: Tensor, inputs: Inputs) -> Tensor:
        """Update the discriminator, given generated images; return its loss before the update."""
        network = self.judge.network
        weights = network.weights_in_training
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(list(weights.values()))
            fakes, reals, running = self.judge(fake, inputs.real, inputs)
            loss = self.loss.discriminator(OPS, logit(reals), logit(fakes))
            loss += told_apart(self.auxiliary, inputs.labels, reals, fakes)
        moves = gradients(tape, loss, weights, network.form)
        for penalty in self.penalties:
            value, more = penalty(fake, inputs, weights)
            loss += value
            moves = {name: move + more[name] for name, move in moves.items()}
        self.updater.update(weights, moves, strip_prefix(inputs.scalars, "discriminator"))
        network.store(running)
        if self.judge.adaptive:
            self.judge.adaptive.watch(logit(reals))
        return loss
