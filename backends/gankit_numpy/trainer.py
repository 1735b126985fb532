"""The reference trainer: the two steps as they stand on paper."""

from __future__ import annotations

import numpy as np

from gankit.backend import Array, Batch, Problem, State
from gankit.errors import UnknownName
from gankit.randomness import Key, Mask, Site, dropout_mask
from gankit.state import check_state, part, under
from gankit_numpy.networks import Inference, Masks, Sequential, copy_into
from gankit_numpy.optimizers import updater
from gankit_numpy.tape import gradients

DEVICES = ("auto", "cpu")


class NumpyTrainer:
    """A generator and a discriminator in training, in NumPy."""

    def __init__(self, problem: Problem) -> None:
        if problem.device not in DEVICES:
            raise UnknownName("device", problem.device, DEVICES)
        weights = problem.initial_weights()
        self._loss = problem.loss
        self._g = Sequential(problem.generator, part(weights, "generator"))
        self._d = Sequential(problem.discriminator, part(weights, "discriminator"))
        self._g_updater = updater(problem.generator_optimizer, self._g.values)
        self._d_updater = updater(problem.discriminator_optimizer, self._d.values)
        self._round = np.zeros((), np.int64)
        self.generator = Inference(self._g)
        self.discriminator = Inference(self._d, squeeze=True)
        self.average = None
        if problem.average:
            copied = Sequential(problem.generator, self.generator.weights())
            self.average = Inference(copied)

    def discriminator_step(self, batch: Batch, /) -> float:
        """Tell the generator's images from real ones, a little better than before."""
        fake, _ = self._g.forward(batch.noise, _masks(batch.key, Site.GENERATOR))
        logits, trail = self._judge(batch.key, fake, batch.real)
        loss, to_real, to_fake = gradients(self._loss.discriminator, logits[1], logits[0])
        joined = _join(to_fake, to_real)
        moves, _ = self._d.backward(trail, joined, weights=True, inputs=False)
        self._d_updater.update(self._d.values, moves, batch.rates["discriminator/learning_rate"])
        return loss

    def generator_step(self, batch: Batch, /) -> float:
        """Make images that the discriminator takes for real a little more often."""
        fake, g_trail = self._g.forward(batch.noise, _masks(batch.key, Site.GENERATOR))
        logits, d_trail = self._judge(batch.key, fake, batch.real if self._loss.paired else None)
        loss, to_real, to_fake = gradients(self._loss.generator, logits[1], logits[0])
        joined = _join(to_fake, to_real)
        _, to_images = self._d.backward(d_trail, joined, weights=False, inputs=True)
        moves, _ = self._g.backward(g_trail, to_images[: len(fake)], weights=True, inputs=False)
        self._g_updater.update(self._g.values, moves, batch.rates["generator/learning_rate"])
        if self.average:
            _blend(self.average.network.values, self._g.values, batch.rates["average"])
        self._round += 1
        return loss

    def state(self) -> State:
        """Return copies of everything that is needed to go on."""
        return {name: value.copy() for name, value in self._values().items()}

    def load_state(self, state: State, /) -> None:
        """Go on from `state`, all or nothing."""
        values = self._values()
        check_state(state, values)
        copy_into(values, state)

    def _values(self) -> State:
        values = under("generator", self._g.values) | under("discriminator", self._d.values)
        if self.average:
            values |= under("average", self.average.network.values)
        values |= under("optimizer/generator", self._g_updater.state())
        values |= under("optimizer/discriminator", self._d_updater.state())
        return values | {"round": self._round}

    def _judge(
        self, key: Key, fake: Array, real: Array | None
    ) -> tuple[tuple[Array, Array | None], list[tuple[Array, Array]]]:
        """Run the discriminator on one joined batch; return (fake, real) logits and the trail."""
        joined = fake if real is None else np.concatenate([fake, real])
        logits, trail = self._d.forward(joined, _masks(key, Site.DISCRIMINATOR))
        n = len(fake)
        return (logits[:n, 0], None if real is None else logits[n:, 0]), trail


def _join(to_fake: Array, to_real: Array | None) -> Array:
    """Lay the gradients of both halves of the joined batch together, `(n, 1)`."""
    both = to_fake if to_real is None else np.concatenate([to_fake, to_real])
    return both[:, None]


def _masks(key: Key, site: Site) -> Masks:
    def masks(layer: int, shape: tuple[int, ...], rate: float) -> Mask:
        return dropout_mask(key, site, layer, shape, rate)

    return masks


def _blend(average: State, weights: State, beta: float) -> None:
    for name in average:
        average[name] += (1 - beta) * (weights[name] - average[name])
