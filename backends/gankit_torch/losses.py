"""The losses of both networks: adversarial loss, auxiliary classifier and penalties."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from gankit.augment import Half
from gankit.contract import Problem, strip_prefix
from gankit_torch.batches import BatchTensors
from gankit_torch.discriminator_forward import DiscriminatorForward
from gankit_torch.forward import require_labels
from gankit_torch.ops import TorchOps
from gankit_torch.penalties import gradient_penalty


class Losses:
    """The losses of both networks."""

    def __init__(self, problem: Problem, discriminator: DiscriminatorForward) -> None:
        self._problem, self._ops, self._discriminator = problem, TorchOps(), discriminator

    def discriminator(self, fake: Tensor, batch: BatchTensors) -> tuple[Tensor, Tensor]:
        """Return the discriminator's complete loss, and the `(B,)` logits of the real images.

        Penalties come first, because the adversarial pass updates the running state that they use.
        """
        penalties = self._penalties(fake, batch)
        fakes, reals = self._discriminator.both_halves(fake, batch, update_running=True)
        loss: Tensor = self._problem.loss.discriminator(self._ops, reals[:, 0], fakes[:, 0])
        if self._problem.auxiliary:
            cross_entropy = _cross_entropy(reals, batch) + _cross_entropy(fakes, batch)
            loss = loss + self._problem.auxiliary * cross_entropy
        for penalty in penalties:
            loss = loss + penalty
        return loss, reals[:, 0]

    def generator(self, fake: Tensor, batch: BatchTensors) -> Tensor:
        """Return the generator's loss; real images are used only if the loss is paired."""
        real_logits = None
        if self._problem.loss.paired:
            fakes, reals = self._discriminator.both_halves(fake, batch, update_running=False)
            real_logits = reals[:, 0]
        else:
            fakes = self._discriminator.one_half(fake, "fake", batch)
        loss: Tensor = self._problem.loss.generator(self._ops, real_logits, fakes[:, 0])
        if self._problem.auxiliary:
            loss = loss + self._problem.auxiliary * _cross_entropy(fakes, batch)
        return loss

    def _penalties(self, fake: Tensor, batch: BatchTensors) -> list[Tensor]:
        """Return the weighted penalties that are due, each from a separate pass."""
        penalties = []
        for i, penalty in enumerate(self._problem.penalties):
            if weight := batch.scalars[f"penalty/{i}"]:

                def logits(images: Tensor, half: Half = penalty.half, part: int = i + 1) -> Tensor:
                    return self._discriminator.one_half(images, half, batch, part=part)[:, 0]

                random = strip_prefix(batch.random, f"penalty/{i}")
                images = penalty.points(batch.real, fake, random, _deviation)
                penalties.append(weight * gradient_penalty(penalty, logits, images))
        return penalties


def _cross_entropy(outputs: Tensor, batch: BatchTensors) -> Tensor:
    """Return the mean of logsumexp(c) - c[label] over class logits c, all columns but the first."""
    return functional.cross_entropy(outputs[:, 1:], require_labels(batch.labels))


def _deviation(images: Tensor) -> Tensor:
    return images.std(correction=0)
