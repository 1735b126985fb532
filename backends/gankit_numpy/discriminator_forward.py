"""The discriminator's forward passes in one update, in training mode."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gankit.augment import Augment, Half, View, view
from gankit.contract import AnyLabels, Batch, State
from gankit.contract.random_streams import Role
from gankit_numpy.dropout_masks import Masks, pass_masks
from gankit_numpy.losses import image_logits
from gankit_numpy.networks import Sequential
from gankit_numpy.operations import concatenate, get_slice, reshape, total
from gankit_numpy.ops import TrackedOps
from gankit_numpy.tape import Tracked, Value, constant, gradients, variable

ALL = slice(None)


@dataclass(frozen=True)
class DiscriminatorForward:
    """A discriminator, or another network on its side, in one update.

    Attributes
    ----------
    variables
        Its weights, if their gradients are needed; the others are constants.
    batch
        The update's batch.
    augment, p
        Augmentation of the images, and its probability if it is adaptive.
    logits
        Number of logits of an image: 1, or those of a map.
    others
        What it takes of each half after the first value.
    images
        Whether the first values are images, which are augmented.
    role, number
        The network's number, and that of its pass, which select the masks of dropout.
    """

    network: Sequential
    variables: Mapping[str, Tracked]
    batch: Batch
    augment: Augment | None
    p: float | None
    logits: int
    others: Mapping[Half, Sequence[Tracked]]
    images: bool = True
    role: int = Role.DISCRIMINATOR
    number: int = 0

    def adversarial(
        self, fake: Value, real: Value, shared: Collection[Half]
    ) -> tuple[Tracked, Tracked, State, dict[Half, Tracked]]:
        """Run the pass of the discriminator's update.

        Parameters
        ----------
        fake, real
            The images.
        shared
            The halves whose gradient penalties share this pass. If it is one, the halves run
            separately, so that only one pass is differentiated twice.

        Returns
        -------
        fakes, reals, running
            As of `both_halves`.
        gradients
            Of the logits by the images of each shared half.
        """
        images = {
            half: variable(array) if half in shared else constant(array)
            for half, array in (("fake", fake), ("real", real))
        }
        if len(shared) == 1:
            fakes, _ = self.one_half(images["fake"], "fake")
            reals, running = self.one_half(images["real"], "real")
        else:
            fakes, reals, running = self.both_halves(images["fake"], images["real"])
        outputs = {"fake": fakes, "real": reals}
        own = (total(image_logits(outputs[half], self.logits)) for half in shared)
        logits = sum(own, constant(np.zeros(())))
        found = gradients(logits, [images[half] for half in shared], differentiable=True)
        return fakes, reals, running, dict(zip(shared, found, strict=True))

    def both_halves(
        self, fake: Tracked, real: Tracked, layers: int | None = None
    ) -> tuple[Tracked, Tracked, State]:
        """Run one joined batch, fakes first: batch statistics are those of each half.

        Return the outputs for fakes and for reals, each rows of logits and columns of heads, and
        the running state after the pass. With `layers` only the first ones run, and the outputs
        are rows of features.
        """
        n, labels = fake.shape[0], self.batch.labels
        images = concatenate([self.view(fake, "fake"), self.view(real, "real")], 0)
        both = None if labels is None else np.concatenate([labels, labels])
        masks = pass_masks(self.batch, self.role, self.number)
        outputs, running = self._run(images, both, masks, ("fake", "real"), layers)
        fakes = get_slice(outputs, (slice(n), ALL))
        return fakes, get_slice(outputs, (slice(n, None), ALL)), running

    def one_half(
        self, images: Tracked, half: Half, part: int = 0, seen: View | None = None
    ) -> tuple[Tracked, State]:
        """Run one half separately, in the update's `part`-th pass.

        Return its outputs, and the running state after the pass. `seen` names the random inputs of
        the augmentation, by default those of the half.
        """
        masks = pass_masks(self.batch, self.role, self.number + part)
        labels = self.batch.labels
        return self._run(self.view(images, seen or half), labels, masks, (half,))

    def _run(
        self,
        images: Tracked,
        labels: AnyLabels | None,
        masks: Masks,
        halves: Sequence[Half],
        layers: int | None = None,
    ) -> tuple[Tracked, State]:
        """Return the outputs as rows, those of a map too, and the running state after the pass."""
        others = zip(*(self.others[half] for half in halves), strict=True)
        joined = tuple(concatenate(values, 0) for values in others)
        outputs, running = self.network.run(
            images, labels, masks, self.variables, len(halves), layers, joined
        )
        return reshape(outputs, (images.shape[0], -1)), running

    def view(self, images: Tracked, half: View) -> Tracked:
        """Return images as the discriminator gets them: augmented, with instance noise."""
        if not self.images:
            return images
        sigma = self.batch.scalars.get("instance_noise", 0.0)
        p = self.batch.scalars.get("augment") if self.p is None else self.p
        viewed: Tracked = view(
            TrackedOps(), self.augment, images, half, self.batch.random, sigma, p
        )
        return viewed
