"""Backends whose running state is wrong."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np
from gankit_numpy import norms, spectral_norm
from gankit_numpy.dropout_masks import pass_masks
from gankit_numpy.forward import ForwardPass
from gankit_numpy.networks import Inference, copy_into
from gankit_numpy.tape import constant

from gankit.contract.random_streams import Role
from gankit.layers import is_running
from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.patched import patched
from tests.wrong_backends.wrong_backend import caught_by

FORMULA = "test_running_state_matches_its_formula"


def unbiased(self, layer, inputs, name, original=ForwardPass._normalise):
    made, moved = original(self, layer, inputs, name), f"{name}.variance"
    if moved in self.running:
        kept = layer.momentum * self.weights[moved].value
        count = inputs.value.size // inputs.shape[-1]
        self.running[moved] = kept + (self.running[moved] - kept) * count / (count - 1)
    return made


@caught_by(FORMULA)
class RunsOnUnbiasedVariance(patched(ForwardPass, _normalise=unbiased)):
    """Stores the variance with n - 1, as a framework's own layer does."""


def reversed_momentum(layer, old, batch, original=norms.running_statistic):
    return original(replace(layer, momentum=1 - layer.momentum), old, batch)


@caught_by(FORMULA)
class TakesMomentumTheOtherWay(patched(norms, running_statistic=reversed_momentum)):
    """Swaps the shares of the running state and the batch."""


def epsilon_outside(inputs, statistics, epsilon):
    mean, variance = statistics
    return (inputs - mean) * (variance**0.5 + epsilon) ** -1.0


@caught_by(FORMULA, "test_every_network_pair_matches_the_reference")
class AddsEpsilonToTheDeviation(patched(norms, normalise=epsilon_outside)):
    """Adds a normalisation's epsilon outside the root."""


def as_one(self, layer, inputs, name, original=ForwardPass._normalise_batch):
    self.halves, kept = 1, self.halves
    made = original(self, layer, inputs, name)
    self.halves = kept
    return made


@caught_by(FORMULA)
class NormalisesBothHalvesTogether(patched(ForwardPass, _normalise_batch=as_one)):
    """Computes batch statistics over fakes and reals together."""


def without_iteration(_kernel, u):
    return u


@caught_by(FORMULA)
class MakesNoPowerIteration(patched(spectral_norm, power_iteration=without_iteration)):
    """Makes no power iteration."""


@caught_by(FORMULA)
class IteratesInItsOwnUpdateOnly(CorrectTrainer):
    """Makes no power iteration in the other network's update."""

    def update_generator(self, batch):
        with patch.object(spectral_norm, "power_iteration", self.own):
            return super().update_generator(batch)

    def own(self, kernel, u, original=spectral_norm.power_iteration):
        others = any(kernel is weight for weight in self._d.values.values())
        return u if others else original(kernel, u)


def look(trainer, images, batch):
    """Move the discriminator's running state by a training pass over these images."""
    masks = pass_masks(batch, Role.DISCRIMINATOR)
    _, moved = trainer._d.run(constant(images), batch.labels, masks, {})
    copy_into({name: trainer._d.values[name] for name in moved}, moved)


@caught_by("test_penalties_leave_running_state_unchanged")
class ChangesStateInPenalties(CorrectTrainer):
    """Changes the running state in a penalty's pass, too."""

    def update_discriminator(self, batch):
        loss = super().update_discriminator(batch)
        if any(rate for name, rate in batch.scalars.items() if name.startswith("penalty/")):
            look(self, batch.real, batch)
        return loss


@caught_by("test_update_changes_running_state_of_its_own_network")
class ChangesTheOthersState(CorrectTrainer):
    """Changes the discriminator's running state in the generator's update."""

    def update_generator(self, batch):
        loss = super().update_generator(batch)
        look(self, batch.real, batch)
        return loss


@caught_by("test_calls_use_running_state")
class CallsInTrainingMode(CorrectTrainer):
    """Uses batch statistics when it is called, as in training mode."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            keeps_all = lambda _layer, shape, _rate: np.ones(shape, bool)  # noqa: E731
            x = np.asarray(inputs, next(iter(self.network.values.values())).dtype)
            made = self.network.forward(x, labels, keeps_all)
            return made[:, 0] if self.problem else made


@caught_by("test_average_copies_running_state")
class AveragesRunningState(CorrectTrainer):
    """Averages running state like weights."""

    def update_generator(self, batch):
        old = self.average.weights() if self.average else {}
        loss, beta = super().update_generator(batch), batch.scalars.get("average")
        for name in filter(is_running, old):
            mean = self.average.network.values[name]
            mean[...] = beta * old[name] + (1 - beta) * mean
        return loss
