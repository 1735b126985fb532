"""The two updates as functions of tensors, with all random numbers as inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from gankit.contract import strip_prefix
from gankit.losses import Loss
from gankit_keras.batches import BatchTensors
from gankit_keras.discriminator_forward import OPS, DiscriminatorForward
from gankit_keras.framework import Tensor, Variable, tf
from gankit_keras.gradients import named_gradients
from gankit_keras.losses import auxiliary_loss, logit
from gankit_keras.networks import Network
from gankit_keras.optimizers import Updater


class Generated(NamedTuple):
    """A generator's forward pass with its gradient tape."""

    tape: tf.GradientTape
    fake: Tensor
    running: dict[str, Tensor]


@dataclass(frozen=True)
class Updates:
    """A generator and a discriminator with their updates.

    Attributes
    ----------
    compiled_discriminator_update
        The compiled `DiscriminatorUpdate.run`.
    auxiliary
        Weight of the auxiliary classifier; 0 for none.
    steps
        Number of steps done.
    """

    generator: Network
    average: Network | None
    updater: Updater
    discriminator: DiscriminatorForward
    compiled_discriminator_update: Callable[[Tensor, BatchTensors], Tensor]
    loss: Loss
    auxiliary: float
    steps: Variable

    def update_discriminator(self, batch: BatchTensors) -> Tensor:
        """Update the discriminator; return its loss before the update."""
        random = batch.network_random.generator
        fake, _ = self.generator.forward(batch.noise, batch.labels, random)
        return self.compiled_discriminator_update(fake, batch)

    def update_generator(self, batch: BatchTensors) -> Tensor:
        """Update the generator, then its average; return its loss before the update."""
        return self._update_generator(self._generate(batch), batch)

    def update_both(self, first: BatchTensors, second: BatchTensors) -> tuple[Tensor, Tensor]:
        """Run a discriminator update, then a generator update, on the same generated images."""
        generated = self._generate(first)
        return (
            self.compiled_discriminator_update(generated.fake, first),
            self._update_generator(generated, second),
        )

    def _generate(self, batch: BatchTensors) -> Generated:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(list(self.generator.trainable_weights.values()))
            random = batch.network_random.generator
            fake, running = self.generator.forward(batch.noise, batch.labels, random)
        return Generated(tape, fake, running)

    def _update_generator(self, generated: Generated, batch: BatchTensors) -> Tensor:
        weights = self.generator.trainable_weights
        with generated.tape:
            real = batch.real if self.loss.paired else None
            fakes, reals, _ = self.discriminator(generated.fake, real, batch)
            loss = self.loss.generator(OPS, None if reals is None else logit(reals), logit(fakes))
            loss += auxiliary_loss(self.auxiliary, batch.labels, fakes)
        gradients = named_gradients(generated.tape, loss, weights, self.generator.spec)
        self.updater.update(weights, gradients, strip_prefix(batch.scalars, "generator"))
        self.generator.store(generated.running)
        if self.average:
            self.average.blend(self.generator, batch.scalars["average"])
        self.steps.assign_add(1)
        return loss
