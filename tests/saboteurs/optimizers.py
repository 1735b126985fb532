"""Saboteurs whose optimizers take another update."""

import numpy as np
from gankit_numpy import trainer
from gankit_numpy.optimizers import AdamUpdater, RMSpropUpdater, clip

from tests.saboteurs.saboteur import caught_by
from tests.saboteurs.tampered import tampered

FORMULA = "test_every_optimizer_matches_its_formula"


def rooted(self, weights, gradients, rates):
    for name, gradient in gradients.items():
        v, decay = self.v[name], self.rmsprop.decay
        v += (1 - decay) * (gradient * gradient - v)
        weights[name] -= rates["learning_rate"] * gradient / np.sqrt(v + self.rmsprop.epsilon)


@caught_by(FORMULA)
class RootsEpsilonToo(tampered(RMSpropUpdater, update=rooted)):
    """Adds RMSprop's epsilon inside the root."""


def by_the_first_beta2(self, weights, gradients, rates, honest=AdamUpdater.update):
    self.beta2 = getattr(self, "beta2", rates["beta2"])
    honest(self, weights, gradients, {**rates, "beta2": self.beta2})


@caught_by(FORMULA, "test_all_features_match_the_reference")
class ForgetsTheBatchsBeta2(tampered(AdamUpdater, update=by_the_first_beta2)):
    """Goes on with the first beta2 that it was given."""


@caught_by(FORMULA)
class ClipsBeforeItMoves(tampered(trainer, clip=lambda *_: None)):
    """Clips the weights before the update, not after it."""

    def update_discriminator(self, batch):
        clip(self._d.weights, self.problem.discriminator_optimizer.clip)
        return super().update_discriminator(batch)


def all_of_it(network, optimizer, moved, honest=trainer._finish_update):
    honest(network, optimizer, moved)
    clip({name: network.values[name] for name in moved}, optimizer.clip)


@caught_by(FORMULA)
class ClipsRunningState(tampered(trainer, _finish_update=all_of_it)):
    """Clips running state like weights."""


def kernels_alone(weights, most):
    clip({name: weight for name, weight in weights.items() if name.endswith("kernel")}, most)


@caught_by(FORMULA)
class ClipsKernelsAlone(tampered(trainer, clip=kernels_alone)):
    """Leaves biases and scales unclipped."""
