"""Backends whose numbers are slightly wrong."""

from dataclasses import replace

import numpy as np

from gankit.layers import LeakyReLU
from gankit.optimizers import Adam
from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.wrong_backend import caught_by


def with_optimizers(problem, optimizer):
    """Return the problem with every Adam replaced by what `optimizer` makes of it."""
    changed = {
        field: optimizer(own)
        for field in ("generator_optimizer", "discriminator_optimizer")
        if isinstance(own := getattr(problem, field), Adam)
    }
    return replace(problem, **changed)


@caught_by("test_sgd_matches_the_reference", "test_every_n_critic_matches_the_reference")
class MakesTooLargeUpdates(CorrectTrainer):
    """Makes generator updates that are too large by a millionth."""

    def update_generator(self, batch):
        rate = batch.scalars["generator/learning_rate"] * (1 + 1e-6)
        scalars = {**batch.scalars, "generator/learning_rate": rate}
        return super().update_generator(replace(batch, scalars=scalars))


@caught_by("test_float32_matches_the_reference", "test_sgd_matches_the_reference")
class RoundsCoarsely(CorrectTrainer):
    """Rounds its weights to three decimals, as half precision would."""

    def update_generator(self, batch):
        loss = super().update_generator(batch)
        for value in self._g.values.values():
            value[...] = np.round(value, 3)
        return loss


@caught_by("test_adam_matches_the_reference")
class ForgetsItsMoments(CorrectTrainer):
    """Starts each Adam update without the earlier moments."""

    def update_generator(self, batch):
        for moment in getattr(self._updaters["generator"], "m", {}).values():
            moment[...] = 0
        return super().update_generator(batch)


@caught_by("test_adam_matches_the_reference")
class SwapsAdamsBetas(CorrectTrainer):
    """Swaps Adam's beta1 and beta2."""

    def __init__(self, problem):
        super().__init__(with_optimizers(problem, lambda a: replace(a, beta1=a.beta2)))
        self.beta2 = getattr(problem.discriminator_optimizer, "beta1", 0.0)

    def update_discriminator(self, batch):
        swapped = {"discriminator/beta2": self.beta2} if self.beta2 else {}
        return super().update_discriminator(replace(batch, scalars={**batch.scalars, **swapped}))


@caught_by("test_adds_epsilon_after_the_bias_correction")
class AddsEpsilonBeforehand(CorrectTrainer):
    """Adds Adam's epsilon before the bias correction."""

    def __init__(self, problem):
        super().__init__(problem)
        for updater in (self._updaters["generator"], self._updaters["discriminator"]):
            if hasattr(updater, "adam"):
                updater.update = EarlyEpsilon(updater).update


class EarlyEpsilon:
    """Adam's update with epsilon in the wrong place: grown by the correction of the root."""

    def __init__(self, updater):
        self.updater, self.adam, self.original = updater, updater.adam, updater.update

    def update(self, weights, gradients, scalars):
        correction = np.sqrt(1 - scalars["beta2"] ** (int(self.updater.t) + 1))
        self.updater.adam = replace(self.adam, epsilon=self.adam.epsilon / correction)
        self.original(weights, gradients, scalars)


@caught_by("test_every_layer_matches_the_reference")
class UsesAnotherSlope(CorrectTrainer):
    """Uses a framework's default slope of LeakyReLU, 0.01."""

    def __init__(self, problem):
        super().__init__(with_layers(problem, LeakyReLU, lambda _: LeakyReLU(0.01)))


@caught_by("test_every_layer_matches_the_reference")
class DropsInOneUpdateOnly(CorrectTrainer):
    """Leaves out dropout in the generator's update."""

    def update_generator(self, batch):
        self._g.spec, kept = without_dropout(self._g.spec), self._g.spec
        loss = super().update_generator(batch)
        self._g.spec = kept
        return loss


@caught_by("test_every_n_critic_matches_the_reference")
class ReusesNoise(CorrectTrainer):
    """Uses the discriminator's noise for the generator's update, which needs fresh noise."""

    def update_discriminator(self, batch):
        self.noise = batch.noise
        return super().update_discriminator(batch)

    def update_generator(self, batch):
        return super().update_generator(replace(batch, noise=self.noise))


def with_layers(problem, kind, change):
    """Return the problem with every layer of `kind` replaced by what `change` makes of it."""
    specs = {
        player: tuple(change(layer) if isinstance(layer, kind) else layer for layer in spec)
        for player in ("generator", "discriminator")
        if isinstance(spec := getattr(problem, player), tuple)
    }
    return replace(problem, **specs)


def without_dropout(spec):
    """Return a spec whose dropout layers drop nothing."""
    return tuple(replace(layer, rate=0.0) if hasattr(layer, "rate") else layer for layer in spec)


@caught_by("test_large_logits_do_not_overflow")
class OverflowsForLargeLogits(CorrectTrainer):
    """Computes log(1 + exp(x)), which overflows for large logits."""

    def update_discriminator(self, batch):
        loss = super().update_discriminator(batch)
        return loss if abs(loss) < 700 else np.inf
