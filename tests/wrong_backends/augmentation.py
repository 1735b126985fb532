"""Backends whose augmentation is wrong."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np
from gankit_numpy import operations
from gankit_numpy.ada import AdaptiveProbability
from gankit_numpy.discriminator_forward import DiscriminatorForward
from gankit_numpy.ops import TrackedOps
from gankit_numpy.tape import Tracked

from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.patched import patched
from tests.wrong_backends.wrong_backend import caught_by

SEES = "test_discriminator_sees_augmented_images"


def of_fakes_alone(self, images, half, original=DiscriminatorForward.view):
    return original(self, images, half) if half == "fake" else images


@caught_by(SEES)
class SeesRealsAsTheyAre(patched(DiscriminatorForward, view=of_fakes_alone)):
    """Augments fakes and does not augment reals."""


def by_the_reals_draws(self, images, _half, original=DiscriminatorForward.view):
    return original(self, images, "real")


@caught_by(SEES)
class SeesBothHalvesAlike(patched(DiscriminatorForward, view=by_the_reals_draws)):
    """Uses the random inputs of reals for fakes, too."""


@caught_by(SEES)
class SeesPlainlyForTheGenerator(CorrectTrainer):
    """Augments nothing in the generator's update."""

    def update_generator(self, batch):
        with patch.object(DiscriminatorForward, "view", lambda _self, images, _half: images):
            return super().update_generator(batch)


def rolled(_ops, images, offsets):
    moved = [np.roll(x, tuple(by), (0, 1)) for x, by in zip(images.value, offsets, strict=True)]
    return Tracked(np.array(moved), (images, lambda g: rolled(None, g, -offsets)))


@caught_by(SEES, "test_augmentation_matches_the_reference")
class ShiftsRoundTheEdge(patched(TrackedOps, shift=rolled)):
    """Shifts pixels around the edge to the other side."""


def pulled_straight(_ops, images, offsets, original=operations.shift):
    return Tracked(original(images, offsets).value, (images, lambda g: g))


@caught_by("test_augmentation_matches_the_reference")
class PullsGradientsStraight(patched(TrackedOps, shift=pulled_straight)):
    """Does not shift the gradient of a shifted image back."""


def sheared_the_other_way(ops, images, maps, original=TrackedOps.warp):
    return original(ops, images, maps * np.array([1, -1, 1], maps.dtype))


@caught_by(SEES, "test_augmentation_matches_the_reference")
class ShearsTheOtherWay(patched(TrackedOps, warp=sheared_the_other_way)):
    """Shears a warped image to the other side."""


def spread_plainly(_images, _places, _axis, original=operations.interpolate):
    return Tracked(original(_images, _places, _axis).value, (_images, lambda g: g))


@caught_by("test_augmentation_matches_the_reference")
class LeavesGradientsUnwarped(patched(operations, interpolate=spread_plainly)):
    """Does not take the gradient of a warped image to the pixels that it came from."""


def upright(_ops, images):
    return images


@caught_by("test_square_images_are_turned_by_quarters")
class TurnsByHalvesAlone(patched(TrackedOps, transpose=upright)):
    """Does not swap the height and the width of an image that is turned by a quarter."""


@caught_by("test_transforms_have_the_chance_of_the_batch")
class KeepsTheFirstChance(CorrectTrainer):
    """Augments with the chance that the schedule begins with."""

    def _discriminator_forward(self, batch, *given):
        first = {"augment": 0.2} if "augment" in batch.scalars else {}
        return super()._discriminator_forward(
            replace(batch, scalars={**batch.scalars, **first}), *given
        )


def always(_ops, numbers, _threshold):
    return np.ones_like(numbers)


@caught_by("test_adaptive_transforms_have_the_probability_p")
class AlwaysTransforms(patched(TrackedOps, below=always)):
    """Transforms every image, whatever the probability."""


def mistaken(self, real, original=AdaptiveProbability.record):
    original(self, -real)


@caught_by("test_adaptive_probability_follows_the_discriminator")
class AdaptsInTheWrongDirection(patched(AdaptiveProbability, record=mistaken)):
    """Raises the probability when the discriminator takes reals for fakes."""


def forgetful(self, real, original=AdaptiveProbability.record):
    self.values["p"][...] = 0 if not self.values["updates"] else self.values["p"]
    original(self, real)


@caught_by("test_adaptive_probability_follows_the_discriminator")
class ResetsTheProbability(patched(AdaptiveProbability, record=forgetful)):
    """Sets the probability to 0 after each change."""


@caught_by("test_only_adaptive_augmentation_has_state")
class SavesAProbabilityAlways(CorrectTrainer):
    """Saves a probability though no augmentation is adaptive."""

    def _values(self):
        return {"ada/p": np.zeros(()), **super()._values()}


@caught_by("test_only_adaptive_augmentation_has_state")
class RoundsItsProbability(CorrectTrainer):
    """Stores the probability in the problem's precision."""

    def __init__(self, problem):
        super().__init__(problem)
        if self._ada:
            for name in ("p", "signs"):
                rounded = self._ada.values[name].astype(problem.precision)
                self._ada.values[name] = self._arrays[f"ada/{name}"] = rounded
