"""Backends whose gradient penalties are wrong."""

from dataclasses import replace

import numpy as np
from gankit_numpy.losses import image_logits
from gankit_numpy.networks import Sequential
from gankit_numpy.operations import mean, sum_over, total
from gankit_numpy.penalties import separate_penalty
from gankit_numpy.tape import constant, gradients, variable

from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.wrong_backend import caught_by

FORMULA = "test_a_penalty_matches_its_formula"


class Penalising(CorrectTrainer):
    """The reference's penalty, in pieces that may be replaced."""

    def _penalties(self, discriminator, fake, _by_images):
        due = enumerate(self.problem.penalties)
        return sum((self.penalty(discriminator, penalty, i, fake) for i, penalty in due), 0.0)

    def penalty(self, discriminator, penalty, number, fake):
        rate = self.rate(discriminator.batch, penalty, number)
        if not rate:
            return 0.0
        images = variable(np.asarray(self.points(discriminator.batch, penalty, number, fake)))
        seen, outputs = self.evaluated(
            discriminator, images, "fake" if penalty.where == "fake" else "real", number
        )
        (slope,) = gradients(total(image_logits(outputs, 1)), [seen], differentiable=True)
        return rate * self.value(self.squared_norm(slope), penalty)

    def rate(self, batch, _penalty, number):
        return batch.scalars[f"penalty/{number}"]

    def points(self, batch, penalty, number, fake):
        if penalty.where in ("real", "fake"):
            return fake if penalty.where == "fake" else batch.real
        alpha = self.alpha(batch.random[f"penalty/{number}/alpha"])
        if penalty.where == "between":
            return batch.real + alpha * (fake - batch.real)
        noise = batch.random[f"penalty/{number}/noise"]
        return batch.real + alpha * 0.5 * self.spread(batch.real) * noise

    def alpha(self, alpha):
        return alpha

    def spread(self, real):
        return real.std()

    def evaluated(self, discriminator, images, half, number):
        return images, discriminator.one_half(images, half, number + 1)[0]

    def squared_norm(self, slope):
        return sum_over(slope * slope, (1, 2, 3))

    def value(self, squared_norm, penalty):
        if penalty.target == 0:
            return 0.5 * mean(squared_norm ** (penalty.power / 2))
        excess = (squared_norm + penalty.epsilon) ** 0.5 - penalty.target
        return mean(excess * excess)


@caught_by(FORMULA)
class TakesTheBatchsNorm(Penalising):
    """Computes one norm for the complete batch."""

    def squared_norm(self, slope):
        return total(slope * slope)


@caught_by(FORMULA)
class TakesEachPixelsNorm(Penalising):
    """Computes a norm for each pixel, over its channels."""

    def squared_norm(self, slope):
        return sum_over(slope * slope, (3,))


@caught_by(FORMULA)
class DrawsOneAlpha(Penalising):
    """Uses one alpha for the complete batch."""

    def alpha(self, alpha):
        return np.broadcast_to(alpha[:1], alpha.shape)


@caught_by(FORMULA)
class InterpolatesFromTheFakes(Penalising):
    """Interpolates from fakes to reals, not from reals to fakes."""

    def alpha(self, alpha):
        return 1 - alpha


@caught_by(FORMULA)
class UsesEachImagesDeviation(Penalising):
    """Uses each image's standard deviation, not the batch's."""

    def spread(self, real):
        return real.std(axis=(1, 2, 3), keepdims=True)


@caught_by(FORMULA)
class ForgetsTheHalf(Penalising):
    """Leaves out the factor 1/2 of a penalty with target 0."""

    def value(self, squared_norm, penalty):
        return super().value(squared_norm, penalty) * (1.0 if penalty.target else 2.0)


@caught_by(FORMULA, "test_penalties_match_the_reference")
class SquaresEveryNorm(Penalising):
    """Takes the square of the norm, whatever the power."""

    def value(self, squared_norm, penalty):
        return super().value(squared_norm, replace(penalty, power=2.0))


@caught_by(FORMULA)
class RaisesTheSquaredNorm(Penalising):
    """Raises the squared norm to the power, instead of the norm."""

    def value(self, squared_norm, penalty):
        if penalty.power == 2:
            return super().value(squared_norm, penalty)
        return 0.5 * mean(squared_norm**penalty.power)


@caught_by(FORMULA)
class AddsEpsilonToTheNorm(Penalising):
    """Adds epsilon to the norm, outside the root."""

    def value(self, squared_norm, penalty):
        outside = squared_norm**0.5 + penalty.epsilon - penalty.target
        return mean(outside * outside) if penalty.target else super().value(squared_norm, penalty)


@caught_by(FORMULA, "test_all_features_match_the_reference")
class ForgetsTheLazyFactor(Penalising):
    """Uses the problem's penalty weight, not the batch's."""

    def rate(self, batch, penalty, number):
        weight = penalty.weight if isinstance(penalty.weight, float) else penalty.weight.start
        return weight if super().rate(batch, penalty, number) else 0.0


@caught_by("test_a_penalty_of_weight_zero_changes_nothing")
class IsAlwaysDue(Penalising):
    """Adds a penalty in every update."""

    def rate(self, batch, penalty, number):
        return super().rate(batch, penalty, number) or 1.0


@caught_by("test_a_penalty_changes_weights_by_its_gradient", "test_penalties_match_the_reference")
class PenalisesTheLossOnly(Penalising):
    """Adds a penalty to the returned loss, and not to the gradients."""

    def penalty(self, *given):
        added = super().penalty(*given)
        return added if isinstance(added, float) else constant(added.value)


@caught_by("test_a_penalty_of_a_zero_gradient_is_finite")
class TakesTheRootWithoutEpsilon(Penalising):
    """Uses a root without epsilon, whose derivative at 0 is infinite."""

    def value(self, squared_norm, penalty):
        excess = (squared_norm + 1e-300) ** 0.5 - penalty.target
        return mean(excess * excess) if penalty.target else super().value(squared_norm, penalty)


@caught_by("test_a_penalty_differentiates_through_augmentation")
class PenalisesTheView(Penalising):
    """Differentiates by the augmented images, not by the images before it."""

    def evaluated(self, discriminator, images, half, number):
        seen = discriminator.view(images, half)
        return seen, replace(
            discriminator, augment=None, batch=without_noise(discriminator.batch)
        ).one_half(seen, half, number + 1)[0]


def without_noise(batch):
    """Return the batch without instance noise."""
    draws = {name: d for name, d in batch.random.items() if not name.startswith("instance/")}
    return replace(batch, random=draws)


IN_TRAINING = "test_a_penalty_uses_the_network_in_training_mode"


@caught_by("test_all_features_match_the_reference", IN_TRAINING)
class PenalisesAnotherClass(Penalising):
    """Computes a penalty with the labels of other images."""

    def evaluated(self, discriminator, images, half, number):
        labels = discriminator.batch.labels
        mixed = None if labels is None else np.roll(labels, 1)
        return super().evaluated(
            replace(discriminator, batch=replace(discriminator.batch, labels=mixed)),
            images,
            half,
            number,
        )


@caught_by(IN_TRAINING, "test_penalties_in_training_mode_match_the_reference")
class PenalisesUnderTheStepsMasks(Penalising):
    """Uses the adversarial pass's dropout masks in a penalty's pass."""

    def evaluated(self, discriminator, images, half, _number):
        return super().evaluated(discriminator, images, half, -1)


@caught_by(IN_TRAINING)
class PenalisesWithoutSpectralNorm(Penalising):
    """Leaves spectral normalisation out of a penalty's pass."""

    def evaluated(self, discriminator, images, half, number):
        spec = tuple(
            replace(layer, spectral=False) if getattr(layer, "spectral", False) else layer
            for layer in discriminator.network.spec
        )
        bare = Sequential(spec, discriminator.network.values)
        return super().evaluated(replace(discriminator, network=bare), images, half, number)


@caught_by("test_shared_passes_match_the_reference")
class ForgetsASinglePenalty(CorrectTrainer):
    """Leaves a penalty out if it is the only one that shares the adversarial pass."""

    def _penalties(self, discriminator, fake, by_images):
        if len(by_images) == 1:
            separate = self._problem.separate_penalties.items()
            return sum((separate_penalty(discriminator, p, i, fake) for i, p in separate), 0.0)
        return super()._penalties(discriminator, fake, by_images)


@caught_by("test_a_block_with_shared_passes_equals_its_updates")
class PenalisesTwiceInBlocks(CorrectTrainer):
    """Doubles the weight of a penalty that shares the adversarial pass, in a block alone."""

    def train_block(self, block):
        numbers = [n for each in self._problem.shared_penalties.values() for n in each]
        doubled = {f"penalty/{n}": 2 * block.scalars[f"penalty/{n}"] for n in numbers}
        return super().train_block(replace(block, scalars={**block.scalars, **doubled}))
