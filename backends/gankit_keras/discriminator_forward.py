"""The discriminator's forward passes in one update, in training mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from gankit.augment import Augment, Half, view
from gankit_keras.ada import AdaptiveProbability
from gankit_keras.batches import BatchTensors
from gankit_keras.framework import Tensor, tf
from gankit_keras.losses import logit
from gankit_keras.networks import Network
from gankit_keras.ops import TensorFlowOps

OPS = TensorFlowOps()


class DiscriminatorOutputs(NamedTuple):
    """The discriminator's outputs for a batch.

    Attributes
    ----------
    fake, real
        `(B, 1)`, or `(B, 1 + classes)` with class logits after the logit.
    running
        The running state after the pass.
    """

    fake: Tensor
    real: Tensor | None
    running: dict[str, Tensor]


@dataclass(frozen=True)
class DiscriminatorForward:
    """A discriminator with the augmentation of its inputs.

    Attributes
    ----------
    augment, ada
        Augmentation of the images, and its probability if it is adaptive.
    """

    network: Network
    augment: Augment | None
    ada: AdaptiveProbability | None

    def __call__(
        self, fake: Tensor, real: Tensor | None, batch: BatchTensors
    ) -> DiscriminatorOutputs:
        """Run one joined batch, fakes first: batch statistics are those of each half."""
        halves, labels = [self.view(fake, "fake", batch)], [batch.labels]
        if real is not None:
            halves.append(self.view(real, "real", batch))
            labels.append(batch.labels)
        joined = tf.concat(halves, axis=0), tf.concat(labels, axis=0)
        random = batch.network_random.discriminator
        outputs, running = self.network.forward(*joined, random, halves=len(halves))
        if real is None:
            return DiscriminatorOutputs(outputs, None, running)
        fakes, reals = tf.split(outputs, [tf.shape(fake)[0], tf.shape(real)[0]])
        return DiscriminatorOutputs(fakes, reals, running)

    def penalty_logits(
        self, images: Tensor, half: Half, batch: BatchTensors, number: int
    ) -> Tensor:
        """Return the `(B,)` logits of images in the pass of the `number`-th penalty."""
        viewed, random = self.view(images, half, batch), batch.network_random.penalties[number]
        return logit(self.network.forward(viewed, batch.labels, random)[0])

    def view(self, images: Tensor, half: Half, batch: BatchTensors) -> Tensor:
        """Return images as the discriminator gets them: augmented, with instance noise."""
        sigma = tf.cast(batch.scalars.get("instance_noise", 0.0), images.dtype)
        p = None if self.ada is None else tf.convert_to_tensor(self.ada.p)
        return view(OPS, self.augment, images, half, batch.random, sigma, p)
