"""The discriminator's forward passes in one update, in training mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gankit.augment import Augment, Half, view
from gankit.contract import Batch, State
from gankit.contract.random_streams import Role
from gankit_numpy.dropout_masks import pass_masks
from gankit_numpy.networks import Sequential
from gankit_numpy.operations import concatenate, get_slice
from gankit_numpy.ops import TrackedOps
from gankit_numpy.tape import Tracked

ALL = slice(None)


@dataclass(frozen=True)
class DiscriminatorForward:
    """A discriminator in one update.

    Attributes
    ----------
    variables
        Its weights, if their gradients are needed; the others are constants.
    batch
        The update's batch.
    augment, p
        Augmentation of the images, and its probability if it is adaptive.
    """

    network: Sequential
    variables: Mapping[str, Tracked]
    batch: Batch
    augment: Augment | None
    p: float | None

    def both_halves(self, fake: Tracked, real: Tracked) -> tuple[Tracked, Tracked, State]:
        """Run one joined batch, fakes first: batch statistics are those of each half.

        Return the outputs for fakes and for reals, each `(B, 1)` logits, or `(B, 1 + classes)`
        with class logits after that, and the running state after the pass.
        """
        n, labels = fake.shape[0], self.batch.labels
        images = concatenate([self.view(fake, "fake"), self.view(real, "real")], 0)
        both = None if labels is None else np.concatenate([labels, labels])
        masks = pass_masks(self.batch, Role.DISCRIMINATOR)
        outputs, running = self.network.run(images, both, masks, self.variables, halves=2)
        fakes = get_slice(outputs, (slice(n), ALL))
        return fakes, get_slice(outputs, (slice(n, None), ALL)), running

    def one_half(self, images: Tracked, half: Half, part: int = 0) -> Tracked:
        """Run one half separately, in the update's `part`-th pass; return its outputs."""
        masks = pass_masks(self.batch, Role.DISCRIMINATOR, part)
        return self.network.run(self.view(images, half), self.batch.labels, masks, self.variables)[
            0
        ]

    def view(self, images: Tracked, half: Half) -> Tracked:
        """Return images as the discriminator gets them: augmented, with instance noise."""
        sigma = self.batch.scalars.get("instance_noise", 0.0)
        viewed: Tracked = view(
            TrackedOps(), self.augment, images, half, self.batch.random, sigma, self.p
        )
        return viewed
