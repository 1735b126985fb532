"""The discriminator's forward passes in one update, in training mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gankit.augment import Augment, Half, view
from gankit.contract import Batch, Labels, State, check_labels
from gankit.contract.random_streams import Mask, Role, dropout_mask
from gankit_numpy.networks import Sequential
from gankit_numpy.operations import concatenate, cut, logsumexp, mean, sum_over
from gankit_numpy.ops import TrackedOps
from gankit_numpy.passes import Masks
from gankit_numpy.tape import Shape, Tracked

ALL = slice(None)


@dataclass(frozen=True)
class Judge:
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

    def joined(self, fake: Tracked, real: Tracked) -> tuple[Tracked, Tracked, State]:
        """Run one joined batch, fakes first: batch statistics are those of each half.

        Return the outputs for fakes and for reals, each `(B, 1)` logits, or `(B, 1 + classes)`
        with class logits after that, and the running state after the pass.
        """
        n, labels = fake.shape[0], self.batch.labels
        seen = concatenate([self.view(fake, "fake"), self.view(real, "real")], 0)
        both = None if labels is None else np.concatenate([labels, labels])
        masks = masks_of(self.batch, Role.DISCRIMINATOR)
        made, moved = self.network.run(seen, both, masks, self.variables, halves=2)
        return cut(made, (slice(n), ALL)), cut(made, (slice(n, None), ALL)), moved

    def alone(self, images: Tracked, half: Half, part: int = 0) -> Tracked:
        """Run one half separately, in the update's `part`-th pass."""
        masks = masks_of(self.batch, Role.DISCRIMINATOR, part)
        seen = self.view(images, half)
        return self.network.run(seen, self.batch.labels, masks, self.variables)[0]

    def view(self, images: Tracked, half: Half) -> Tracked:
        """Return images as the discriminator sees them."""
        sigma = self.batch.scalars.get("instance_noise", 0.0)
        seen: Tracked = view(
            TrackedOps(), self.augment, images, half, self.batch.random, sigma, self.p
        )
        return seen


def logit(judged: Tracked) -> Tracked:
    """Return the first column, `(B,)`, the logit of being real."""
    return cut(judged, (ALL, 0))


def cross_entropy(judged: Tracked, labels: Labels | None) -> Tracked:
    """Return the mean of `logsumexp(c) - c[label]`, c the columns after the first."""
    classes = cut(judged, (ALL, slice(1, None)))
    n, count = classes.shape
    check_labels(labels, n, count)
    told = np.eye(count, dtype=classes.value.dtype)[np.asarray(labels)]
    return mean(logsumexp(classes) - sum_over(classes * told, (1,)))


def masks_of(batch: Batch, site: Role, part: int = 0) -> Masks:
    """Return the dropout masks of one of the update's passes through the network at `site`."""

    def masks(layer: int, shape: Shape, rate: float) -> Mask:
        return dropout_mask(batch.key, site, layer, shape, rate, part)

    return masks
