"""Backends whose feature matching, or the weight of the adversarial loss, is wrong."""

from dataclasses import replace

from gankit_numpy import trainer as reference
from gankit_numpy.losses import matched
from gankit_numpy.operations import matmul, mean, sum_over, swap, total
from gankit_numpy.tape import constant

from gankit.terms import Term
from tests.wrong_backends.heads import Changed
from tests.wrong_backends.patched import patched
from tests.wrong_backends.wrong_backend import caught_by

MEANS = "test_the_generator_matches_the_means_of_features"
REFERENCE = "test_feature_matching_matches_the_reference"


def of_images(fakes, reals):
    difference = fakes - reals
    return total(sum_over(difference * difference, (1,))) * (1 / fakes.shape[0])


@caught_by(MEANS, REFERENCE)
class ComparesImages(patched(reference, matched=of_images)):
    """Takes the mean distance of each image from a real one, not the distance of the means."""


def averaged(fakes, reals):
    return matched(fakes, reals) * (1 / fakes.shape[1])


@caught_by(MEANS, REFERENCE)
class AveragesOverFeatures(patched(reference, matched=averaged)):
    """Takes the mean over the features instead of their sum."""


def with_themselves(rows):
    units = rows / sum_over(rows * rows, (1,), keep=True) ** 0.5
    return mean(matmul(units, swap(units)) ** 2.0)


@caught_by("test_the_generator_pulls_features_apart", REFERENCE)
class PullsImagesFromThemselves(patched(reference, likeness=with_themselves)):
    """Counts each image's angle to itself among the pairs."""


def without_gradient(fakes, reals):
    return constant(matched(fakes, reals).value)


@caught_by(REFERENCE)
class PassesNoGradientOfFeatures(patched(reference, matched=without_gradient)):
    """Adds the term to the loss, but not to the gradients."""


@caught_by(MEANS, REFERENCE)
class CountsLayersFromOne(Changed):
    """Takes layer N for the N-th one."""

    def changed(self, term):
        if term.kind != "feature-matching":
            return term
        at = f"logit@{term.layer - 1}"
        return replace(term, of=f"fake/{at}", to=f"real/{at}")


@caught_by(MEANS, REFERENCE)
class KeepsTheAdversarialLoss(Changed):
    """Adds the adversarial loss to both networks, whatever the sides of its term are."""

    def changed(self, term):
        return Term("adversarial") if term.kind == "adversarial" else term


@caught_by(MEANS, "test_the_adversarial_loss_has_the_weight_of_its_term", REFERENCE)
class ForgetsTheAdversarialWeight(patched(reference, _times=lambda _weight, loss: loss)):
    """Takes the adversarial loss with the weight 1."""
