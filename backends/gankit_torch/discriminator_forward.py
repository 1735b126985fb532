"""The discriminator's forward passes in one update, in training mode."""

from __future__ import annotations

import torch
from torch import Tensor

from gankit import augment
from gankit.augment import Half
from gankit.contract import Problem
from gankit_torch.ada import AdaptiveProbability
from gankit_torch.batches import BatchTensors
from gankit_torch.networks import Network
from gankit_torch.ops import TorchOps


class DiscriminatorForward:
    """A discriminator with the augmentation of its inputs."""

    def __init__(self, problem: Problem, network: Network, ada: AdaptiveProbability | None) -> None:
        self._augment, self._ops = problem.augment, TorchOps()
        self._network, self._ada = network, ada

    def both_halves(
        self, fake: Tensor, batch: BatchTensors, *, update_running: bool
    ) -> tuple[Tensor, Tensor]:
        """Run one joined batch, fakes first; return the outputs for fakes and for reals.

        Batch statistics are those of each half.
        """
        images = torch.cat([self._view(fake, "fake", batch), self._view(batch.real, "real", batch)])
        labels = None if batch.labels is None else torch.cat([batch.labels, batch.labels])
        outputs = self._network.forward_train(
            images, labels, batch.masks, update_running=update_running, halves=2
        )
        return outputs[: len(fake)], outputs[len(fake) :]

    def one_half(self, images: Tensor, half: Half, batch: BatchTensors, *, part: int = 0) -> Tensor:
        """Run one half separately, in the update's `part`-th pass; return its outputs."""
        return self._network.forward_train(
            self._view(images, half, batch),
            batch.labels,
            batch.masks,
            update_running=False,
            part=part,
        )

    def _view(self, images: Tensor, half: Half, batch: BatchTensors) -> Tensor:
        """Return images as the discriminator gets them: augmented, with instance noise."""
        viewed: Tensor = augment.view(
            self._ops,
            self._augment,
            images,
            half,
            batch.random,
            batch.scalars.get("instance_noise"),
            self._ada.p if self._ada else None,
        )
        return viewed
