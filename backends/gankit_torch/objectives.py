"""The losses of both networks: adversarial loss, auxiliary classifier and penalties."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from gankit import augment
from gankit.augment import Half
from gankit.contract import Problem, strip_prefix
from gankit_torch.chances import Chance
from gankit_torch.feeds import Update
from gankit_torch.networks import Player
from gankit_torch.ops import TorchOps
from gankit_torch.passes import known
from gankit_torch.penalties import steepness


class Objectives:
    """The losses of both networks, with augmentation of the discriminator's inputs."""

    def __init__(self, problem: Problem, discriminator: Player, chance: Chance | None) -> None:
        self._problem, self._ops = problem, TorchOps()
        self._discriminator, self._chance = discriminator, chance

    def of_discriminator(self, fake: Tensor, update: Update) -> tuple[Tensor, Tensor]:
        """Return the discriminator's complete loss, and the `(B,)` logits of the real images.

        Penalties come first, because the adversarial pass changes the running state that they
        use.
        """
        penalties = self._penalties(fake, update.real, update)
        seen = torch.cat(
            [self._view(fake, "fake", update), self._view(update.real, "real", update)]
        )
        labels = None if update.labels is None else torch.cat([update.labels, update.labels])
        made = self._discriminator.play(seen, labels, update.masking, own=True, halves=2)
        fakes, reals = made[: len(fake)], made[len(fake) :]
        loss: Tensor = self._problem.loss.discriminator(self._ops, reals[:, 0], fakes[:, 0])
        if self._problem.auxiliary:
            apart = _cross_entropy(reals, update) + _cross_entropy(fakes, update)
            loss = loss + self._problem.auxiliary * apart
        for penalty in penalties:
            loss = loss + penalty
        return loss, reals[:, 0]

    def of_generator(self, fake: Tensor, update: Update) -> Tensor:
        """Return the generator's loss; real images are used only if the loss is paired."""
        seen, labels = self._view(fake, "fake", update), update.labels
        if paired := self._problem.loss.paired:
            seen = torch.cat([seen, self._view(update.real, "real", update)])
            labels = None if labels is None else torch.cat([labels, labels])
        made = self._discriminator.play(seen, labels, update.masking, own=False, halves=1 + paired)
        fakes, reals = made[: len(fake)], made[len(fake) :]
        loss: Tensor = self._problem.loss.generator(
            self._ops, reals[:, 0] if paired else None, fakes[:, 0]
        )
        if self._problem.auxiliary:
            loss = loss + self._problem.auxiliary * _cross_entropy(fakes, update)
        return loss

    def _penalties(self, fake: Tensor, real: Tensor, update: Update) -> list[Tensor]:
        """Return the weighted penalties that are due, each from a separate pass."""
        found = []
        for i, penalty in enumerate(self._problem.penalties):
            if weight := update.scalars[f"penalty/{i}"]:

                def judge(images: Tensor, half: Half = penalty.half, number: int = i + 1) -> Tensor:
                    seen = self._view(images, half, update)
                    return self._discriminator.play(
                        seen, update.labels, update.masking, own=False, part=number
                    )[:, 0]

                draws = strip_prefix(update.random, f"penalty/{i}")
                at = penalty.points(real, fake, draws, _deviation)
                found.append(weight * steepness(penalty, judge, at))
        return found

    def _view(self, images: Tensor, half: Half, update: Update) -> Tensor:
        """Return images as the discriminator sees them."""
        viewed: Tensor = augment.view(
            self._ops,
            self._problem.augment,
            images,
            half,
            update.random,
            update.scalars.get("instance_noise"),
            self._chance.p if self._chance else None,
        )
        return viewed


def _cross_entropy(made: Tensor, update: Update) -> Tensor:
    """Return the mean of logsumexp(c) - c[label] over class logits c, all columns but the first."""
    return functional.cross_entropy(made[:, 1:], known(update.labels))


def _deviation(images: Tensor) -> Tensor:
    return images.std(correction=0)
