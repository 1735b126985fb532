"""Backends whose further networks, or the passes of networks, are wrong."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np
from gankit_numpy import trainer as reference
from gankit_numpy.dropout_masks import pass_masks
from gankit_numpy.losses import divergence, sampled
from gankit_numpy.networks import Inference
from gankit_numpy.tape import constant

from gankit.passes import Pass
from gankit.training import alternate
from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.patched import patched
from tests.wrong_backends.wrong_backend import caught_by

TERMS = "test_terms_of_values_add_their_formulas"
CRITIC = "test_a_further_critic_adds_its_loss"
CALL = "test_a_further_network_is_called"
SEES = "test_the_discriminator_sees_the_values_of_passes"
SIDES = "test_an_update_moves_the_networks_of_its_side"
RUNNING = "test_running_state_moves_in_the_first_pass_of_its_side"
REFERENCE = "test_passes_match_the_reference"
BLOCK = "test_a_block_with_passes_equals_its_updates"


@caught_by(CALL)
class EncodesGrey(CorrectTrainer):
    """Gives a further network grey images, when it is called."""

    def __init__(self, problem):
        super().__init__(problem)
        self.networks = {name: Grey(self._sequentials[name]) for name in problem.networks}


class Grey(Inference):
    def __call__(self, inputs, labels=None):
        return super().__call__(np.zeros_like(inputs), labels)


class Remade(CorrectTrainer):
    """The values of passes, which may be replaced."""

    def _made(self, batch, side, weights):
        values, running = super()._made(batch, side, weights)
        return self.remade(values, batch), running


@caught_by(SEES, SIDES, REFERENCE)
class PairsRealImagesWithNoise(Remade):
    """Shows the noise in place of the code of a real image."""

    def remade(self, values, batch):
        noise = {name: constant(batch.noise) for name in ("code",) if name in values}
        return values | noise


@caught_by(SIDES, REFERENCE)
class PassesNoGradientToTheEncoder(Remade):
    """Computes the code, but not its derivative."""

    def remade(self, values, _batch):
        return values | {name: constant(values[name].value) for name in ("code",) if name in values}


@caught_by(SEES, REFERENCE)
class ExchangesThePairs(Remade):
    """Shows the fake with the code, and the real image with the noise."""

    def remade(self, values, _batch):
        if "code" not in values:
            return values
        return values | {"code": values["noise"], "noise": values["code"]}


@caught_by(SIDES, RUNNING, REFERENCE)
class MovesTheEncoderInBothUpdates(CorrectTrainer):
    """Moves the further networks in the discriminator's update too."""

    def update_discriminator(self, batch):
        before = {key: value.copy() for key, value in self._values().items()}
        super().update_generator(batch)
        moved = {
            name: value.copy()
            for name, value in self._values().items()
            if name.partition("/")[0] in self.problem.networks
        }
        self.load_state(before | moved)
        return super().update_discriminator(batch)


@caught_by(REFERENCE)
class DrawsTheSameMaskInEachPass(CorrectTrainer):
    """Takes the masks of the first pass in each pass of a network."""

    def _made(self, batch, side, weights):
        values, original = self._problem.values, self._problem.values.number
        values.number = lambda _name: 0
        try:
            return super()._made(batch, side, weights)
        finally:
            values.number = original


@caught_by(REFERENCE)
class MovesRunningStateInTheLastPass(CorrectTrainer):
    """Keeps the running state of the last pass of a network, not of the first."""

    def _made(self, batch, side, weights):
        values = self._problem.values
        found, running = super()._made(batch, side, weights)
        again = [n for n in values.made(side) if values.passes[n].network == "generator"][1:]
        for name in again:
            first = found[values.passes[name].inputs[0]]
            masks = pass_masks(batch, 0, values.number(name))
            _, running["generator"] = self._g.run(first, batch.labels, masks, {})
        return found, running


def means_alone(of, normal):
    return sampled(of, np.zeros_like(normal))


@caught_by(TERMS, CRITIC, REFERENCE)
class DrawsTheMeans(patched(reference, sampled=means_alone)):
    """Takes the means of a drawn value, without its random numbers."""


def of_deviations(of):
    return divergence(of) * 2


@caught_by(TERMS, REFERENCE)
class DoublesTheDivergence(patched(reference, divergence=of_deviations)):
    """Takes twice the divergence of a normal distribution."""


@caught_by(TERMS, CRITIC, REFERENCE)
class ForgetsTheCritic(CorrectTrainer):
    """Leaves out the adversarial losses of further networks."""

    def _further(self, side, batch, weights, made):
        return [], super()._further(side, batch, weights, made)[1]


def never_stopped(self):
    return [(name, False) for name in self.inputs]


@caught_by(REFERENCE)
class PassesGradientsThroughStop(patched(Pass, taken=never_stopped)):
    """Passes the gradient of a value that is taken without it."""


@caught_by(REFERENCE)
class TakesTheNextLayer(CorrectTrainer):
    """Compares the outputs of the layer after the one that a term names."""

    def _features(self, batch, term, made):
        features = self._problem.values.features
        later = {name: replace(each, layer=each.layer + 1) for name, each in features.items()}
        with patch.dict(features, later):
            return super()._features(batch, term, made)


@caught_by(BLOCK)
class ForgetsTheEncoderInBlocks(CorrectTrainer):
    """Leaves the further networks as they were before a block."""

    def train_block(self, block):
        before = {
            name: value.copy()
            for name, value in self._values().items()
            if name.partition("/")[0] in self.problem.networks
        }
        steps = block.batches(self.problem, self.images, self.labels, self.source)
        losses = alternate(self, steps)
        self.load_state(self.state() | before)
        return losses
