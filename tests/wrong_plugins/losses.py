"""Losses with one fault each."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from gankit.losses import BUILTIN, Loss
from gankit.testing.following_loss import FOLLOWING, Balance
from gankit.testing.problems import USERS_LOSS
from tests.wrong_plugins.wrong import Wrong

CORRECT_LOSSES = (*BUILTIN, USERS_LOSS, FOLLOWING)
COUNTER = itertools.count()


def discriminator(ops, real, fake):
    """Return a correct formula."""
    return ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(1 + fake))


def generator(ops, _real, fake):
    """Return a correct formula."""
    return -ops.mean(fake)


def needs_two_logits(ops, _real, fake):
    """Return NaN for one logit."""
    return -ops.mean(fake) + (0.0 if len(fake) > 1 else np.nan)


def in_float64(ops, _real, fake):
    """Return a float64, because of a number of NumPy's."""
    return np.float64(-1) * ops.mean(fake)


def to_the_tenth(ops, _real, fake):
    """Return a power that overflows for large logits."""
    square = fake * fake
    fourth = square * square
    return ops.mean(fourth * fourth * square)


def counted(ops, _real, fake):
    """Return another number each time."""
    return next(COUNTER) - ops.mean(fake)


def of_real_if_given(ops, real, fake):
    """Return a number that depends on `real` where a backend does not skip it."""
    return -ops.mean(fake if real is None else fake - real)


def constant_where_possible(ops, _real, fake):
    """Return a product with a factor that has no gradient."""
    return -ops.mean(getattr(fake, "value", fake) * fake)


def flat_at_infinity(ops, _real, fake):
    """Return a finite number whose derivative is a product of 0 and infinity."""
    return -ops.mean(fake) + ops.mean(ops.softplus(-(1e200 * fake) * (1e200 * fake)))


def of_fakes_only(ops, _real, fake):
    """Return a formula that ignores real images."""
    return ops.mean(ops.softplus(fake))


def zero(ops, _real, fake):
    """Return 0 for all images."""
    return 0 * ops.mean(fake)


def twice_in_frameworks(ops, _real, fake):
    """Return twice the loss for tensors that are neither NumPy's nor dual numbers."""
    known = isinstance(fake, np.ndarray) or hasattr(fake, "derivatives")
    return (-1 if known else -2) * ops.mean(fake)


class Forgetful(Balance):
    """A follower that loses a scalar."""

    def follow(self, *args):
        """Return all scalars but one."""
        moved = super().follow(*args)
        return {name: moved[name] for name in ("k", "mean")}


def wrong(name, *clauses, d=discriminator, g=generator, **fields):
    """Return a wrong loss of two formulas."""
    return Wrong(Loss(name, d, g, **fields), clauses)


WRONG_LOSSES = [
    wrong("two words", "test_has_valid_fields"),
    wrong("needs-two-logits", "test_returns_a_finite_scalar", g=needs_two_logits),
    wrong("uses-float64", "test_keeps_float32", g=in_float64),
    wrong("overflows", "test_does_not_overflow", g=to_the_tenth),
    wrong("counts-calls", "test_repeats_its_value", g=counted),
    wrong("uses-real-if-given", "test_is_paired_if_the_generator_uses_real", g=of_real_if_given),
    wrong("is-not-paired", "test_is_paired_if_the_generator_uses_real", paired=True),
    wrong(
        "has-another-term-of-fakes",
        "test_of_fakes_is_the_term_of_fakes",
        of_fakes=lambda ops, fake: ops.mean(ops.relu(2 + fake)),
    ),
    wrong(
        "stops-a-gradient", "test_gradient_matches_finite_differences", g=constant_where_possible
    ),
    wrong("has-no-derivative", "test_gradient_is_finite", g=flat_at_infinity),
    wrong("ignores-real-images", "test_discriminator_sees_both_halves", d=of_fakes_only),
    wrong("ignores-its-images", "test_generator_sees_its_images", g=zero),
    wrong(
        "differs-in-frameworks", "test_every_backend_follows_the_gradient", g=twice_in_frameworks
    ),
    Wrong(
        replace(FOLLOWING, name="loses-a-scalar", follower=Forgetful()),
        ("test_its_follower_keeps_its_scalars",),
    ),
]
