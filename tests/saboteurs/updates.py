"""Saboteurs whose updates do something else."""

import random
from dataclasses import replace

import numpy as np

from gankit.losses import LEAST_SQUARES, Loss
from tests.saboteurs.honest import HonestTrainer
from tests.saboteurs.saboteur import caught_by


@caught_by("test_discriminator_update_changes_only_the_discriminator")
class TrainsBothNetworks(HonestTrainer):
    """Moves the generator in the discriminator's update as well."""

    def update_discriminator(self, batch):
        self._g.values["0.kernel"] += 1e-3
        return super().update_discriminator(batch)


@caught_by("test_discriminator_update_changes_only_the_discriminator")
class FreezesALayer(HonestTrainer):
    """Leaves the discriminator's first layer where it was."""

    def update_discriminator(self, batch):
        kept = self._d.values["1.kernel"].copy()
        loss = super().update_discriminator(batch)
        self._d.values["1.kernel"][...] = kept
        return loss


@caught_by("test_generator_update_changes_only_the_generator")
class TrainsTheWrongNetwork(HonestTrainer):
    """Moves the discriminator in the generator's update as well."""

    def update_generator(self, batch):
        super().update_discriminator(batch)
        return super().update_generator(batch)


@caught_by("test_generator_update_changes_only_the_generator", "test_counts_steps_and_updates")
class LosesCount(HonestTrainer):
    """Does not count steps."""

    def update_generator(self, batch):
        loss = super().update_generator(batch)
        self._arrays["step"] -= 1
        return loss


@caught_by("test_counts_steps_and_updates")
class CountsUpdatesTwice(HonestTrainer):
    """Counts each update of the discriminator twice."""

    def update_discriminator(self, batch):
        self._d_updater.t += 1
        return super().update_discriminator(batch)


@caught_by("test_returns_the_loss_before_the_update")
class ReturnsTheLossAfterwards(HonestTrainer):
    """Returns the loss after the update."""

    def update_discriminator(self, batch):
        super().update_discriminator(batch)
        kept = self.state()
        loss = super().update_discriminator(batch)
        self.load_state(kept)
        return loss


@caught_by("test_uses_the_learning_rate_of_the_batch")
class KeepsItsOwnRate(HonestTrainer):
    """Takes the problem's learning rate, whatever the batch says."""

    def update_discriminator(self, batch):
        rate = self.problem.discriminator_optimizer.learning_rate
        rates = {**batch.scalars, "discriminator/learning_rate": rate}
        return super().update_discriminator(replace(batch, scalars=rates))


@caught_by("test_uses_the_learning_rate_of_the_batch")
class TakesTheOthersRate(HonestTrainer):
    """Moves the generator at the discriminator's learning rate."""

    def update_generator(self, batch):
        rate = batch.scalars["discriminator/learning_rate"]
        rates = {**batch.scalars, "generator/learning_rate": rate}
        return super().update_generator(replace(batch, scalars=rates))


@caught_by(
    "test_update_depends_only_on_state_and_batch",
    "test_resumes_after_any_step",
    "test_native_update_depends_only_on_state_and_batch",
)
class CountsItsOwnRandomness(HonestTrainer):
    """Drops by a count of its own calls, which no state holds."""

    calls = 0

    def update_discriminator(self, batch):
        self.calls += 1
        key = batch.key._replace(update=self.calls)
        return super().update_discriminator(replace(batch, key=key))


@caught_by("test_dropout_depends_on_the_key")
class DropsTheSameAlways(HonestTrainer):
    """Drops the same values in every update."""

    def update_generator(self, batch):
        return super().update_generator(replace(batch, key=batch.key._replace(step=0, update=0)))


@caught_by("test_update_leaves_the_batch_unchanged")
class SpoilsItsBatch(HonestTrainer):
    """Writes to the noise that it was given."""

    def update_discriminator(self, batch):
        loss = super().update_discriminator(batch)
        batch.noise[...] = 0
        return loss


@caught_by("test_leaves_global_random_generators_unchanged")
class SeedsNumpy(HonestTrainer):
    """Seeds NumPy's global generator."""

    def update_discriminator(self, batch):
        np.random.seed(0)
        return super().update_discriminator(batch)


@caught_by("test_leaves_global_random_generators_unchanged")
class DrawsFromPython(HonestTrainer):
    """Draws from Python's global generator."""

    def update_generator(self, batch):
        random.random()  # noqa: S311 - the fault itself.
        return super().update_generator(batch)


@caught_by("test_returns_the_loss_before_the_update", "test_every_loss_matches_the_reference")
class MinimisesSomethingElse(HonestTrainer):
    """Trains by least squares, whatever loss was asked for."""

    def __init__(self, problem):
        super().__init__(replace(problem, loss=LEAST_SQUARES))


@caught_by("test_returns_the_loss_before_the_update", "test_every_loss_matches_the_reference")
class SwapsRealAndFake(HonestTrainer):
    """Takes real logits for fake ones in the discriminator's loss."""

    def __init__(self, problem):
        own = problem.loss
        swapped = Loss(
            own.name,
            lambda ops, real, fake: own.discriminator(ops, fake, real),
            own.generator,
            own.paired,
        )
        super().__init__(replace(problem, loss=swapped))
