"""The discriminator's forward passes in one update, in training mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from gankit.augment import Augment, Half, view
from gankit_keras.adaptive import Adaptive
from gankit_keras.framework import Tensor, tf
from gankit_keras.inputs import Inputs
from gankit_keras.networks import Network
from gankit_keras.ops import TensorFlowOps

OPS = TensorFlowOps()


class Verdict(NamedTuple):
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
class Judge:
    """A discriminator with the augmentation of its inputs.

    Attributes
    ----------
    augment, adaptive
        Augmentation of the images, and its probability if it is adaptive.
    """

    network: Network
    augment: Augment | None
    adaptive: Adaptive | None

    def __call__(self, fake: Tensor, real: Tensor | None, inputs: Inputs) -> Verdict:
        """Run one joined batch, fakes first: batch statistics are those of each half."""
        halves, labels = [self.view(fake, "fake", inputs)], [inputs.labels]
        if real is not None:
            halves.append(self.view(real, "real", inputs))
            labels.append(inputs.labels)
        joined = tf.concat(halves, axis=0), tf.concat(labels, axis=0)
        draws = inputs.random.discriminator
        made, running = self.network.forward(*joined, draws, halves=len(halves))
        if real is None:
            return Verdict(made, None, running)
        fakes, reals = tf.split(made, [tf.shape(fake)[0], tf.shape(real)[0]])
        return Verdict(fakes, reals, running)

    def again(self, images: Tensor, half: Half, inputs: Inputs, number: int) -> Tensor:
        """Return the logits of images in the pass of the `number`-th penalty."""
        seen, draws = self.view(images, half, inputs), inputs.random.penalties[number]
        return logit(self.network.forward(seen, inputs.labels, draws)[0])

    def view(self, images: Tensor, half: Half, inputs: Inputs) -> Tensor:
        """Return images as the discriminator sees them."""
        sigma = tf.cast(inputs.scalars.get("instance_noise", 0.0), images.dtype)
        p = None if self.adaptive is None else tf.convert_to_tensor(self.adaptive.p)
        return view(OPS, self.augment, images, half, inputs.numbers, sigma, p)


def logit(judged: Tensor) -> Tensor:
    """Return the first column, `(B,)`, the logit of being real."""
    return judged[:, 0] if judged.shape[1] > 1 else tf.reshape(judged, (-1,))


def told_apart(weight: float, labels: Tensor, *halves: Tensor) -> Tensor | float:
    """Return the auxiliary classifier's loss on each half, 0 without an auxiliary weight.

    Each adds the mean of `logsumexp(c) - c[label]`, c the columns after the first.
    """
    return sum(weight * _cross_entropy(half[:, 1:], labels) for half in halves if weight)


def _cross_entropy(classes: Tensor, labels: Tensor) -> Tensor:
    told = tf.one_hot(labels, classes.shape[1], dtype=classes.dtype)
    own = tf.reduce_sum(classes * told, axis=1)
    return tf.reduce_mean(tf.reduce_logsumexp(classes, axis=1) - own)
