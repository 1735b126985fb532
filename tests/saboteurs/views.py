"""Saboteurs whose discriminator sees something else."""

from unittest.mock import patch

import numpy as np
from gankit_numpy import operations
from gankit_numpy.ada import AdaptiveProbability
from gankit_numpy.discriminator_forward import DiscriminatorForward
from gankit_numpy.ops import TrackedOps
from gankit_numpy.tape import Tracked

from tests.saboteurs.honest import HonestTrainer
from tests.saboteurs.saboteur import caught_by
from tests.saboteurs.tampered import tampered

SEES = "test_discriminator_sees_augmented_images"


def of_fakes_alone(self, images, half, honest=DiscriminatorForward.view):
    return honest(self, images, half) if half == "fake" else images


@caught_by(SEES)
class SeesRealsAsTheyAre(tampered(DiscriminatorForward, view=of_fakes_alone)):
    """Augments fakes and leaves reals alone."""


def by_the_reals_draws(self, images, _half, honest=DiscriminatorForward.view):
    return honest(self, images, "real")


@caught_by(SEES)
class SeesBothHalvesAlike(tampered(DiscriminatorForward, view=by_the_reals_draws)):
    """Takes the draws of reals for fakes as well."""


@caught_by(SEES)
class SeesPlainlyForTheGenerator(HonestTrainer):
    """Augments nothing in the generator's update."""

    def update_generator(self, batch):
        with patch.object(DiscriminatorForward, "view", lambda _self, images, _half: images):
            return super().update_generator(batch)


def rolled(_ops, images, offsets):
    moved = [np.roll(x, tuple(by), (0, 1)) for x, by in zip(images.value, offsets, strict=True)]
    return Tracked(np.array(moved), (images, lambda g: rolled(None, g, -offsets)))


@caught_by(SEES, "test_augmentation_matches_the_reference")
class ShiftsRoundTheEdge(tampered(TrackedOps, shift=rolled)):
    """Lets what is shifted out come in at the other side."""


def pulled_straight(_ops, images, offsets, honest=operations.shift):
    return Tracked(honest(images, offsets).value, (images, lambda g: g))


@caught_by("test_augmentation_matches_the_reference")
class PullsGradientsStraight(tampered(TrackedOps, shift=pulled_straight)):
    """Takes a shifted image's gradient for that of the image before."""


def always(_ops, numbers, _threshold):
    return np.ones_like(numbers)


@caught_by("test_adaptive_transforms_have_the_probability_p")
class AlwaysTransforms(tampered(TrackedOps, below=always)):
    """Transforms every image, whatever the chance."""


def mistaken(self, real, honest=AdaptiveProbability.record):
    honest(self, -real)


@caught_by("test_adaptive_probability_follows_the_discriminator")
class WatchesTheWrongWay(tampered(AdaptiveProbability, record=mistaken)):
    """Takes reals that are taken for fakes as a sign of overfitting."""


def forgetful(self, real, honest=AdaptiveProbability.record):
    self.values["p"][...] = 0 if not self.values["updates"] else self.values["p"]
    honest(self, real)


@caught_by("test_adaptive_probability_follows_the_discriminator")
class BeginsEachTimeAtNothing(tampered(AdaptiveProbability, record=forgetful)):
    """Lets the chance begin at 0 again after it has moved."""


@caught_by("test_only_adaptive_augmentation_has_state")
class KeepsAChanceAlways(HonestTrainer):
    """Saves a chance where nothing is adaptive."""

    def _values(self):
        return {"ada/p": np.zeros(()), **super()._values()}


@caught_by("test_only_adaptive_augmentation_has_state")
class RoundsItsChance(HonestTrainer):
    """Keeps the chance in the problem's precision."""

    def __init__(self, problem):
        super().__init__(problem)
        if self._ada:
            for name in ("p", "signs"):
                rounded = self._ada.values[name].astype(problem.precision)
                self._ada.values[name] = self._arrays[f"ada/{name}"] = rounded
