"""The discriminator's update."""

from __future__ import annotations

from dataclasses import dataclass

from gankit.contract import strip_prefix
from gankit.losses import Loss
from gankit_keras.batches import BatchTensors
from gankit_keras.discriminator_forward import OPS, DiscriminatorForward
from gankit_keras.framework import Tensor, tf
from gankit_keras.gradients import named_gradients
from gankit_keras.losses import auxiliary_loss, logit
from gankit_keras.optimizers import Updater
from gankit_keras.penalties import GradientPenalty


@dataclass(frozen=True)
class DiscriminatorUpdate:
    """A discriminator with its loss and its optimizer.

    Attributes
    ----------
    auxiliary
        Weight of the auxiliary classifier; 0 for none.
    """

    discriminator: DiscriminatorForward
    updater: Updater
    loss: Loss
    auxiliary: float
    penalties: tuple[GradientPenalty, ...]

    def run(self, fake: Tensor, batch: BatchTensors) -> Tensor:
        """Update the discriminator, given generated images; return its loss before the update."""
        network = self.discriminator.network
        weights = network.trainable_weights
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(list(weights.values()))
            fakes, reals, running = self.discriminator(fake, batch.real, batch)
            loss = self.loss.discriminator(OPS, logit(reals), logit(fakes))
            loss += auxiliary_loss(self.auxiliary, batch.labels, reals, fakes)
        gradients = named_gradients(tape, loss, weights, network.spec)
        for penalty in self.penalties:
            value, more = penalty(fake, batch, weights)
            loss += value
            gradients = {name: gradient + more[name] for name, gradient in gradients.items()}
        self.updater.update(weights, gradients, strip_prefix(batch.scalars, "discriminator"))
        network.store(running)
        if self.discriminator.ada:
            self.discriminator.ada.record(logit(reals))
        return loss
