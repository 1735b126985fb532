"""The losses of an update: adversarial, auxiliary classifier, gradient penalties.

Each function is pure: it takes a network's weights and returns a scalar, so that a backend can
differentiate it. Fakes come before reals in a joined batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gankit import augment
from gankit.augment import Half
from gankit.contract import Problem, strip_prefix
from gankit.functional.framework import Framework, Tensor, Tensors
from gankit.functional.networks import Networks
from gankit.functional.ops import FrameworkOps
from gankit.penalties import Penalty


class Inputs(NamedTuple):
    """The inputs of one update as tensors.

    Attributes
    ----------
    real
        `(B, height, width, channels)` images in [-1, 1]; None if the update does not use them.
    noise
        `(B, latent)`.
    labels
        `(B, classes)` one-hot labels; None if the problem has no classes.
    random
        Every other random input, as in `gankit.contract.Batch`; offsets in the problem's precision.
    scalars
        Floats, or float64 scalars on the device, as in `gankit.contract.Batch`.
    masks
        Dropout masks by name, as in `gankit.contract.dropout_masks`.
    chance
        The probability of an adaptive augmentation's transforms; None, the default, if the
        augmentation is not adaptive.
    """

    real: Tensor | None
    noise: Tensor
    labels: Tensor | None
    random: Mapping[str, Tensor]
    scalars: Mapping[str, Tensor]
    masks: Mapping[str, Tensor]
    chance: Tensor | None = None


@dataclass(frozen=True)
class Objective:
    """The losses of a problem's updates.

    Attributes
    ----------
    framework
        The framework of all tensors.
    problem
        The problem.
    networks
        What runs its networks.
    """

    framework: Framework
    problem: Problem
    networks: Networks

    def generate(self, weights: Tensors, inputs: Inputs) -> tuple[Tensor, Tensors]:
        """Return `(B, height, width, channels)` fakes, and the running state after the pass."""
        masks = strip_prefix(inputs.masks, "generator")
        return self.networks.run("generator", weights, inputs.noise, inputs.labels, masks)

    def discriminator(
        self, weights: Tensors, fake: Tensor, inputs: Inputs
    ) -> tuple[Tensor, tuple[Tensor, Tensors]]:
        """Return the discriminator's loss without penalties.

        Parameters
        ----------
        weights
            The discriminator's, to be differentiated.
        fake
            The fakes, constants.
        inputs
            The update's inputs.

        Returns
        -------
        loss
            A scalar.
        real, running
            The `(B,)` logits of real images, and the running state after the pass.
        """
        fakes, reals, running = self._joined(weights, fake, inputs)
        loss = self.problem.loss.discriminator(self._ops, reals[:, 0], fakes[:, 0])
        loss = self._with_classes(loss, inputs.labels, fakes, reals)
        return loss, (reals[:, 0], running)

    def generator(
        self, weights: Tensors, others: Tensors, inputs: Inputs
    ) -> tuple[Tensor, Tensors]:
        """Return the generator's loss, and the running state after its pass.

        Parameters
        ----------
        weights
            The generator's, to be differentiated.
        others
            The discriminator's, constants.
        inputs
            As in `discriminator`.
        """
        fake, running = self.generate(weights, inputs)
        if self.problem.loss.paired:
            fakes, reals, _ = self._joined(others, fake, inputs)
            loss = self.problem.loss.generator(self._ops, reals[:, 0], fakes[:, 0])
        else:
            fakes = self._alone(others, fake, "fake", "discriminator", inputs)
            loss = self.problem.loss.generator(self._ops, None, fakes[:, 0])
        return self._with_classes(loss, inputs.labels, fakes), running

    def penalty(
        self,
        number: int,
        weights: Tensors,
        fake: Tensor,
        inputs: Inputs,
    ) -> Tensor:
        """Return the `number`-th penalty's term of the discriminator's loss, if it is due.

        Parameters
        ----------
        number
            Its position in the problem's penalties.
        weights, fake, inputs
            As in `discriminator`.
        """
        xp, name = self.framework.xp, f"penalty/{number}"
        penalty: Penalty = self.problem.penalties[number]
        random = strip_prefix(inputs.random, name)
        points = penalty.points(inputs.real, fake, random, self._deviation)

        def total(images: Tensor) -> Tensor:
            outputs = self._alone(weights, images, penalty.half, name, inputs)
            return xp.sum(outputs[:, 0])

        gradient = self.framework.grad(total, points)
        squares = xp.sum(gradient * gradient, axis=(1, 2, 3))
        if penalty.target == 0:
            return self.framework.scale(inputs.scalars[name], 0.5 * xp.mean(squares))
        excess = xp.sqrt(squares + penalty.epsilon) - penalty.target
        return self.framework.scale(inputs.scalars[name], xp.mean(excess * excess))

    @property
    def _ops(self) -> FrameworkOps:
        return FrameworkOps(self.framework)

    def _joined(
        self, weights: Tensors, fake: Tensor, inputs: Inputs
    ) -> tuple[Tensor, Tensor, Tensors]:
        """Return the outputs for fakes and for reals of one pass, and the running state."""
        xp, count = self.framework.xp, fake.shape[0]
        seen = [
            self._view(fake, "fake", inputs),
            self._view(inputs.real, "real", inputs),
        ]
        labels, masks = inputs.labels, strip_prefix(inputs.masks, "discriminator")
        both = None if labels is None else xp.concatenate([labels, labels], axis=0)
        images = xp.concatenate(seen, axis=0)
        made, running = self.networks.run("discriminator", weights, images, both, masks, halves=2)
        return made[:count], made[count:], running

    def _alone(
        self,
        weights: Tensors,
        images: Tensor,
        half: Half,
        masks: str,
        inputs: Inputs,
    ) -> Tensor:
        """Return the outputs for one half alone; `masks` is the prefix of the pass's masks."""
        seen = self._view(images, half, inputs)
        kept = strip_prefix(inputs.masks, masks)
        return self.networks.run("discriminator", weights, seen, inputs.labels, kept)[0]

    def _view(self, images: Tensor, half: Half, inputs: Inputs) -> Tensor:
        """Return images as the discriminator sees them."""
        policy, one = self.problem.augment, self.framework.xp.ones_like(images[:1, :1, :1, :1])
        sigma = self.framework.scale(inputs.scalars.get("instance_noise", 0.0), one)
        return augment.view(self._ops, policy, images, half, inputs.random, sigma, inputs.chance)

    def _with_classes(self, loss: Tensor, labels: Tensor | None, *outputs: Tensor) -> Tensor:
        """Return the loss with that of the auxiliary classifier on each half's outputs."""
        weight = self.problem.auxiliary
        for made in outputs if weight else ():
            loss = loss + weight * self._cross_entropy(made[:, 1:], labels)
        return loss

    def _cross_entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean of `logsumexp(c) - c[label]` of `(B, classes)` logits."""
        xp = self.framework.xp
        most = self.framework.constant(xp.max(logits, axis=1, keepdims=True))
        lengths = xp.log(xp.sum(xp.exp(logits - most), axis=1)) + most[:, 0]
        return xp.mean(lengths - xp.sum(logits * labels, axis=1))

    def _deviation(self, images: Tensor) -> Tensor:
        """Return the population standard deviation of all values."""
        xp = self.framework.xp
        centred = images - xp.mean(images)
        return xp.sqrt(xp.mean(centred * centred))
