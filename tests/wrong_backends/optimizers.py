"""Backends whose optimizers are wrong."""

import numpy as np
from gankit_numpy import trainer
from gankit_numpy.optimizers import AdamUpdater, RMSpropUpdater, clip

from tests.wrong_backends.patched import patched
from tests.wrong_backends.wrong_backend import caught_by

FORMULA = "test_every_optimizer_matches_its_formula"


def rooted(self, weights, gradients, scalars):
    for name, gradient in gradients.items():
        v, decay = self.v[name], self.rmsprop.decay
        v += (1 - decay) * (gradient * gradient - v)
        weights[name] -= scalars["learning_rate"] * gradient / np.sqrt(v + self.rmsprop.epsilon)


@caught_by(FORMULA)
class AddsEpsilonInsideTheRoot(patched(RMSpropUpdater, update=rooted)):
    """Adds RMSprop's epsilon inside the root."""


def by_the_first_beta2(self, weights, gradients, scalars, original=AdamUpdater.update):
    self.beta2 = getattr(self, "beta2", scalars["beta2"])
    original(self, weights, gradients, {**scalars, "beta2": self.beta2})


@caught_by(FORMULA, "test_all_features_match_the_reference")
class ForgetsTheBatchsBeta2(patched(AdamUpdater, update=by_the_first_beta2)):
    """Uses the first batch's beta2 in every update."""


@caught_by(FORMULA)
class ClipsBeforeItMoves(patched(trainer, clip=lambda *_: None)):
    """Clips the weights before the update, not after it."""

    def update_discriminator(self, batch):
        clip(self._d.weights, self.problem.discriminator_optimizer.clip)
        return super().update_discriminator(batch)


def all_of_it(network, optimizer, moved, original=trainer._finish_update):
    original(network, optimizer, moved)
    clip({name: network.values[name] for name in moved}, optimizer.clip)


@caught_by(FORMULA)
class ClipsRunningState(patched(trainer, _finish_update=all_of_it)):
    """Clips running state like weights."""


def kernels_alone(weights, most):
    clip({name: weight for name, weight in weights.items() if name.endswith("kernel")}, most)


@caught_by(FORMULA)
class ClipsKernelsAlone(patched(trainer, clip=kernels_alone)):
    """Leaves biases and scales unclipped."""
