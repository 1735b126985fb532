"""The reference trainer: the two updates of a step."""

from __future__ import annotations

from collections.abc import Mapping

from gankit.contract import Array, Batch, Problem, State, check_state, strip_prefix
from gankit.contract.random_streams import Role
from gankit.contract.required_inputs import RequiredInputs
from gankit.errors import UnknownName
from gankit.layers import is_running
from gankit.optimizers import Optimizer
from gankit_numpy.adaptive import Adaptive
from gankit_numpy.judge import Judge, cross_entropy, logit, masks_of
from gankit_numpy.networks import Inference, Sequential, copy_into, silent
from gankit_numpy.ops import TrackedOps
from gankit_numpy.optimizers import clip, updater
from gankit_numpy.penalties import penalise
from gankit_numpy.tape import Tracked, constant, named_gradients

DEVICES = ("auto", "cpu")


class NumpyTrainer:
    """A generator and a discriminator in training, in NumPy."""

    def __init__(self, problem: Problem) -> None:
        if problem.device not in DEVICES:
            raise UnknownName("device", problem.device, DEVICES)
        self._problem, self._loss, self._required = problem, problem.loss, RequiredInputs(problem)
        self._arrays = values = problem.initial_state()  # Every part updates its arrays in place.
        self._g = Sequential(problem.generator, strip_prefix(values, "generator"))
        self._d = Sequential(problem.discriminator, strip_prefix(values, "discriminator"))
        optimizers = problem.generator_optimizer, problem.discriminator_optimizer
        self._g_updater = updater(optimizers[0], strip_prefix(values, "optimizer/generator"))
        self._d_updater = updater(optimizers[1], strip_prefix(values, "optimizer/discriminator"))
        chance = strip_prefix(values, "ada")
        self._adaptive = Adaptive(problem.augment, chance) if problem.augment and chance else None
        self.generator = Inference(self._g)
        self.discriminator = Inference(self._d, squeeze=True)
        averaged = Sequential(problem.generator, strip_prefix(values, "average"))
        self.average = Inference(averaged) if problem.average else None

    @silent
    def update_discriminator(self, batch: Batch, /) -> float:
        """Update the discriminator once, to distinguish generated images from real ones."""
        self._required.check(batch)
        fake = self._g.forward(batch.noise, batch.labels, masks_of(batch, Role.GENERATOR))
        weights = self._d.variables()
        judge = self._judge(batch, weights)
        fakes, reals, moved = judge.joined(constant(fake), constant(batch.real))
        loss = self._loss.discriminator(TrackedOps(), logit(reals), logit(fakes))
        loss = loss + self._auxiliary(batch, fakes, reals) + self._penalties(judge, fake)
        moves, rates = named_gradients(loss, weights), strip_prefix(batch.scalars, "discriminator")
        self._d_updater.update(self._d.values, moves, rates)
        _settle(self._d, self._problem.discriminator_optimizer, moved)
        if self._adaptive:
            self._adaptive.watch(logit(reals).value)
        return float(loss.value)

    @silent
    def update_generator(self, batch: Batch, /) -> float:
        """Update the generator once, to raise the logits of its images, and its average."""
        self._required.check(batch)
        weights, masks = self._g.variables(), masks_of(batch, Role.GENERATOR)
        fake, moved = self._g.run(constant(batch.noise), batch.labels, masks, weights)
        loss = self._generator_loss(self._judge(batch, {}), fake)
        moves, rates = named_gradients(loss, weights), strip_prefix(batch.scalars, "generator")
        self._g_updater.update(self._g.values, moves, rates)
        _settle(self._g, self._problem.generator_optimizer, moved)
        if self.average:
            _blend(self.average.network.values, self._g.values, batch.scalars["average"])
        self._arrays["step"] += 1
        return float(loss.value)

    def state(self) -> State:
        """Return copies of everything that is needed to resume."""
        return {name: value.copy() for name, value in self._values().items()}

    def load_state(self, state: State, /) -> None:
        """Resume from `state`, all or nothing."""
        values = self._values()
        check_state(state, values)
        copy_into(values, state)

    def _values(self) -> State:
        """Return the live state."""
        return self._arrays

    def _judge(self, batch: Batch, weights: Mapping[str, Tracked]) -> Judge:
        p = self._adaptive.p if self._adaptive else None
        return Judge(self._d, weights, batch, self._problem.augment, p)

    def _generator_loss(self, judge: Judge, fake: Tracked) -> Tracked:
        formula, batch = self._loss.generator, judge.batch
        if self._loss.paired:
            fakes, reals, _ = judge.joined(fake, constant(batch.real))
            loss = formula(TrackedOps(), logit(reals), logit(fakes))
        else:
            fakes = judge.alone(fake, "fake")
            loss = formula(TrackedOps(), None, logit(fakes))
        total: Tracked = loss + self._auxiliary(batch, fakes)
        return total

    def _penalties(self, judge: Judge, fake: Array) -> Tracked | float:
        """Return the sum of the penalties."""
        due = enumerate(self._problem.penalties)
        return sum((penalise(judge, penalty, i, fake) for i, penalty in due), 0.0)

    def _auxiliary(self, batch: Batch, *halves: Tracked) -> Tracked | float:
        """Return the auxiliary classifier's loss on each half."""
        weight = self._problem.auxiliary
        if not weight:
            return 0.0
        return sum((weight * cross_entropy(judged, batch.labels) for judged in halves), 0.0)


def _settle(network: Sequential, optimizer: Optimizer, moved: State) -> None:
    """End an update: clip the weights, and store the running state of its pass."""
    clip(network.weights, optimizer.clip)
    copy_into({name: network.values[name] for name in moved}, moved)


def _blend(average: State, weights: State, beta: float) -> None:
    """Update the averaged weights; copy running state."""
    for name in average:
        if is_running(name):
            average[name][...] = weights[name]
        else:
            average[name] += (1 - beta) * (weights[name] - average[name])
