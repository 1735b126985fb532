"""Backends whose followers of losses are wrong."""

from gankit_numpy.loss_follower import LossFollower

from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.patched import patched
from tests.wrong_backends.wrong_backend import caught_by

READS = "test_the_loss_reads_its_followers_scalars"
FOLLOWS = "test_scalars_follow_each_discriminator_update"


def at_the_start(self):
    return {name: float(x) for name, x in self.follower.initial_scalars().items()}


@caught_by(READS)
class ReadsTheFirstScalars(patched(LossFollower, scalars=property(at_the_start))):
    """Computes every loss with the scalars of the start."""


def never(_self, _real, _fake):
    pass


@caught_by(FOLLOWS)
class NeverFollows(patched(LossFollower, record=never)):
    """Leaves the scalars as they are."""


def exchanged(self, real, fake, original=LossFollower.record):
    original(self, fake, real)


@caught_by(FOLLOWS, "test_a_following_loss_matches_the_reference")
class FollowsTheOtherHalf(patched(LossFollower, record=exchanged)):
    """Takes the logits of fakes for those of reals."""


LOGS = "test_losses_have_the_scalars_that_a_follower_logs"


@caught_by(LOGS)
class LogsTheScalarsBefore(CorrectTrainer):
    """Returns the scalars as they were before the update."""

    def update_discriminator(self, batch):
        before = [float(self._arrays[name]) for name in self._problem.logged_scalars]
        losses = super().update_discriminator(batch)
        if before:
            losses[-len(before) :] = before
        return losses


@caught_by("test_the_state_has_the_scalars_in_float64")
class RoundsItsScalars(CorrectTrainer):
    """Stores the scalars in the problem's precision."""

    def __init__(self, problem):
        super().__init__(problem)
        if self._follower:
            for name, scalar in self._follower.values.items():
                rounded = scalar.astype(problem.precision)
                self._follower.values[name] = self._arrays[f"loss/{name}"] = rounded
