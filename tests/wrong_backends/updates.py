"""Backends whose updates are wrong."""

import random
from dataclasses import replace

import numpy as np
from gankit_numpy import operations
from gankit_numpy.ops import TrackedOps
from gankit_numpy.tape import constant

from gankit.losses import LEAST_SQUARES, Loss
from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.patched import patched
from tests.wrong_backends.wrong_backend import caught_by


@caught_by("test_returns_one_number")
class ReturnsItsLossTwice(CorrectTrainer):
    """Returns two numbers from an update of a network without terms."""

    def update_generator(self, batch):
        loss = super().update_generator(batch)
        return loss if self.problem.terms else np.array([loss, loss])


@caught_by("test_returns_one_number")
class ReturnsNoLoss(CorrectTrainer):
    """Returns nothing from an update."""

    def update_discriminator(self, batch):
        super().update_discriminator(batch)


@caught_by("test_discriminator_update_changes_only_the_discriminator")
class TrainsBothNetworks(CorrectTrainer):
    """Changes the generator in the discriminator's update, too."""

    def update_discriminator(self, batch):
        self._g.values["0.kernel"] += 1e-3
        return super().update_discriminator(batch)


@caught_by("test_discriminator_update_changes_only_the_discriminator")
class FreezesALayer(CorrectTrainer):
    """Does not change the discriminator's first layer."""

    def update_discriminator(self, batch):
        kept = self._d.values["1.kernel"].copy()
        loss = super().update_discriminator(batch)
        self._d.values["1.kernel"][...] = kept
        return loss


@caught_by("test_generator_update_changes_only_the_generator")
class TrainsTheWrongNetwork(CorrectTrainer):
    """Changes the discriminator in the generator's update, too."""

    def update_generator(self, batch):
        super().update_discriminator(batch)
        return super().update_generator(batch)


@caught_by("test_generator_update_changes_only_the_generator", "test_counts_steps_and_updates")
class DoesNotCountSteps(CorrectTrainer):
    """Does not count steps."""

    def update_generator(self, batch):
        loss = super().update_generator(batch)
        self._arrays["step"] -= 1
        return loss


@caught_by("test_counts_steps_and_updates")
class CountsUpdatesTwice(CorrectTrainer):
    """Counts each update of the discriminator twice."""

    def update_discriminator(self, batch):
        self._updaters["discriminator"].t += 1
        return super().update_discriminator(batch)


@caught_by("test_returns_the_loss_before_the_update")
class ReturnsTheLossAfterwards(CorrectTrainer):
    """Returns the loss after the update."""

    def update_discriminator(self, batch):
        super().update_discriminator(batch)
        kept = self.state()
        loss = super().update_discriminator(batch)
        self.load_state(kept)
        return loss


@caught_by("test_uses_the_learning_rate_of_the_batch")
class KeepsItsOwnRate(CorrectTrainer):
    """Uses the problem's learning rate, whatever the batch's is."""

    def update_discriminator(self, batch):
        rate = self.problem.discriminator_optimizer.learning_rate
        scalars = {**batch.scalars, "discriminator/learning_rate": rate}
        return super().update_discriminator(replace(batch, scalars=scalars))


@caught_by("test_uses_the_learning_rate_of_the_batch")
class TakesTheOthersRate(CorrectTrainer):
    """Uses the discriminator's learning rate for the generator."""

    def update_generator(self, batch):
        rate = batch.scalars["discriminator/learning_rate"]
        scalars = {**batch.scalars, "generator/learning_rate": rate}
        return super().update_generator(replace(batch, scalars=scalars))


@caught_by(
    "test_update_depends_only_on_state_and_batch",
    "test_resumes_after_any_step",
    "test_native_update_depends_only_on_state_and_batch",
)
class CountsItsOwnRandomness(CorrectTrainer):
    """Drops values by its own count of calls, which is not in the state."""

    calls = 0

    def update_discriminator(self, batch):
        self.calls += 1
        key = batch.key._replace(update=self.calls)
        return super().update_discriminator(replace(batch, key=key))


@caught_by("test_dropout_depends_on_the_key")
class DropsTheSameAlways(CorrectTrainer):
    """Drops the same values in every update."""

    def update_generator(self, batch):
        return super().update_generator(replace(batch, key=batch.key._replace(step=0, update=0)))


@caught_by("test_update_leaves_the_batch_unchanged")
class ChangesItsBatch(CorrectTrainer):
    """Writes to the noise that it was given."""

    def update_discriminator(self, batch):
        loss = super().update_discriminator(batch)
        batch.noise[...] = 0
        return loss


@caught_by("test_leaves_global_random_generators_unchanged")
class SeedsNumpy(CorrectTrainer):
    """Seeds NumPy's global generator."""

    def update_discriminator(self, batch):
        np.random.seed(0)
        return super().update_discriminator(batch)


@caught_by("test_leaves_global_random_generators_unchanged")
class DrawsFromPython(CorrectTrainer):
    """Draws from Python's global generator."""

    def update_generator(self, batch):
        random.random()  # noqa: S311 - the fault itself.
        return super().update_generator(batch)


@caught_by("test_returns_the_loss_before_the_update", "test_every_loss_matches_the_reference")
class MinimisesLeastSquares(CorrectTrainer):
    """Trains by least squares, whatever the loss is."""

    def __init__(self, problem):
        super().__init__(replace(problem, loss=LEAST_SQUARES))


def binary(_self, logits):
    return operations.log(logits) * (1 / np.log(2))


LOSS_FORMULAS = "test_returns_the_loss_before_the_update", "test_every_loss_matches_the_reference"


@caught_by(*LOSS_FORMULAS)
class TakesBinaryLogarithms(patched(TrackedOps, log=binary)):
    """Takes logarithms to the base 2 in losses."""


def held(_self, logits):
    return constant(np.exp(logits.value))


@caught_by("test_every_loss_matches_the_reference")
class HoldsPowers(patched(TrackedOps, exp=held)):
    """Passes no gradient through exp."""


def averaged(_self, logits):
    return operations.log(operations.mean(operations.exp(logits)))


@caught_by(*LOSS_FORMULAS)
class AveragesPowers(patched(TrackedOps, logsumexp=averaged)):
    """Takes the logarithm of the mean of exp, instead of the sum."""


def summed(_self, logits):
    return operations.log(operations.total(operations.exp(logits)))


@caught_by("test_large_logits_do_not_overflow")
class SumsLargePowers(patched(TrackedOps, logsumexp=summed)):
    """Sums the exponentials of large logits, which overflow."""


@caught_by("test_returns_the_loss_before_the_update", "test_every_loss_matches_the_reference")
class SwapsRealAndFake(CorrectTrainer):
    """Swaps real and fake logits in the discriminator's loss."""

    def __init__(self, problem):
        own = problem.loss
        swapped = Loss(
            own.name,
            lambda ops, real, fake: own.discriminator(ops, fake, real),
            own.generator,
            own.paired,
        )
        super().__init__(replace(problem, loss=swapped))
