"""Backends whose information of two views is wrong."""

from gankit_numpy import trainer as reference
from gankit_numpy.discriminator_forward import DiscriminatorForward
from gankit_numpy.losses import information
from gankit_numpy.operations import exp, log, matmul, softmax, sum_over, swap, total
from gankit_numpy.tape import constant

from tests.wrong_backends.patched import patched
from tests.wrong_backends.wrong_backend import caught_by

FORMULA = "test_the_information_is_that_of_two_views"
REFERENCE = "test_views_match_the_reference"
SEEN = DiscriminatorForward.view


def seen_once(self, images, half):
    return SEEN(self, images, "real" if half == "again" else half)


@caught_by(FORMULA, REFERENCE)
class LooksTwiceAtOneView(patched(DiscriminatorForward, view=seen_once)):
    """Augments the real images with the same numbers both times."""


def one_sided(of, again):
    joint = matmul(swap(softmax(of)), softmax(again)) * (1 / of.shape[0])
    own = sum_over(joint, (1,))
    return total(own * log(own)) * 2.0 - total(joint * log(joint))


@caught_by(FORMULA, REFERENCE)
class LeavesOutTheTranspose(patched(reference, information=one_sided)):
    """Does not make the joint probabilities symmetric."""


def of_logits(of, again):
    return information(exp(of), exp(again))


@caught_by(FORMULA, REFERENCE)
class TakesExponentialsFirst(patched(reference, information=of_logits)):
    """Takes the exponentials of the logits before the softmax."""


def to_a_constant(of, again):
    return information(of, constant(again.value))


@caught_by(REFERENCE)
class DifferentiatesOneView(patched(reference, information=to_a_constant)):
    """Passes no gradient to the second view."""
