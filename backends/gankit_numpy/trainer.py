"""The reference trainer: the two updates of a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gankit.augment import Half
from gankit.contract import Array, Batch, Problem, State, check_state, strip_prefix
from gankit.contract.loss_columns import Losses
from gankit.contract.random_streams import Role
from gankit.contract.required_inputs import RequiredInputs
from gankit.errors import UnknownName
from gankit.followers import ADA, LOSS
from gankit.layers import Spec, as_spec
from gankit.losses import Loss
from gankit.optimizers import Optimizer
from gankit.terms import MATCHING, Side, Term
from gankit_numpy.ada import AdaptiveProbability
from gankit_numpy.discriminator_forward import DiscriminatorForward
from gankit_numpy.dropout_masks import pass_masks
from gankit_numpy.loss_follower import LossFollower
from gankit_numpy.losses import all_logits, image_logits, matched, term_value
from gankit_numpy.networks import Inference, Sequential, copy_into, ignore_overflow, inputs_of
from gankit_numpy.operations import get_slice
from gankit_numpy.ops import TrackedOps
from gankit_numpy.optimizers import clip, updater
from gankit_numpy.penalties import separate_penalty, weighted_penalty
from gankit_numpy.tape import Tracked, constant, named_gradients

DEVICES = ("auto", "cpu")


class NumpyTrainer:
    """A generator and a discriminator in training, in NumPy."""

    def __init__(self, problem: Problem) -> None:
        if problem.device not in DEVICES:
            raise UnknownName("device", problem.device, DEVICES)
        self._problem, self._loss, self._required = problem, problem.loss, RequiredInputs(problem)
        # Networks, updaters and the average update their arrays in place.
        self._arrays = values = problem.initial_state()
        generator = as_spec(problem.generator, "generator")
        discriminator = as_spec(problem.discriminator, "discriminator")
        self._g = self._network("generator", generator)
        self._d = self._network("discriminator", discriminator)
        optimizers = problem.generator_optimizer, problem.discriminator_optimizer
        self._g_updater = updater(optimizers[0], strip_prefix(values, "optimizer/generator"))
        self._d_updater = updater(optimizers[1], strip_prefix(values, "optimizer/discriminator"))
        self._ada = self._follower = None
        if problem.augment and problem.augment.adaptive:
            self._ada = AdaptiveProbability(problem.augment, strip_prefix(values, ADA))
        if follower := problem.loss.follower:
            self._follower = LossFollower(follower, strip_prefix(values, LOSS), problem.precision)
        self.generator = Inference(self._g, noise_position=problem.noise_position)
        self.discriminator = Inference(self._d, problem)
        average = Sequential(
            generator, strip_prefix(values, "average"), label_format=problem.label_format
        )
        self.average = (
            Inference(average, noise_position=problem.noise_position) if problem.average else None
        )

    @ignore_overflow
    def update_discriminator(self, batch: Batch, /) -> Losses:
        """Update the discriminator once, to distinguish generated images from real ones."""
        self._required.check(batch)
        fake = self._g.forward(self._inputs(batch), batch.labels, pass_masks(batch, Role.GENERATOR))
        weights = self._d.variables()
        discriminator = self._discriminator_forward(batch, weights)
        fakes, reals, running, by_images = discriminator.adversarial(
            fake, batch.real, self._problem.shared_penalties
        )
        count = self._problem.logits_per_image
        loss = self._given_loss().discriminator(
            TrackedOps(), all_logits(reals, count), all_logits(fakes, count)
        )
        loss = _times(self._problem.adversarial_weight("discriminator"), loss)
        terms = self._terms("discriminator", batch, {"fake": fakes, "real": reals})
        loss = loss + self._weighted("discriminator", terms)
        loss = loss + self._penalties(discriminator, fake, by_images)
        scalars = strip_prefix(batch.scalars, "discriminator")
        self._d_updater.update(self._d.values, named_gradients(loss, weights), scalars)
        _finish_update(self._d, self._problem.discriminator_optimizer, running)
        real, made = image_logits(reals, count).value, image_logits(fakes, count).value
        if self._ada:
            self._ada.record(real)
        if self._follower:
            self._follower.record(real, made)
        return _losses(loss, terms)

    @ignore_overflow
    def update_generator(self, batch: Batch, /) -> Losses:
        """Update the generator once, to raise the logits of its images, and its average."""
        self._required.check(batch)
        weights, masks = self._g.variables(), pass_masks(batch, Role.GENERATOR)
        first, *others = map(constant, self._inputs(batch))
        fake, running = self._g.run(first, batch.labels, masks, weights, others=tuple(others))
        loss, terms = self._generator_loss(self._discriminator_forward(batch, {}), fake)
        scalars = strip_prefix(batch.scalars, "generator")
        self._g_updater.update(self._g.values, named_gradients(loss, weights), scalars)
        _finish_update(self._g, self._problem.generator_optimizer, running)
        if self.average:
            _update_average(self.average.network.values, self._g, batch.scalars["average"])
        self._arrays["step"] += 1
        return _losses(loss, terms)

    def state(self) -> State:
        """Return copies of everything that is needed to resume."""
        return {name: value.copy() for name, value in self._values().items()}

    def load_state(self, state: State, /) -> None:
        """Resume from `state`, all or nothing."""
        values = self._values()
        check_state(state, values)
        copy_into(values, state)

    def _network(self, name: str, spec: Spec) -> Sequential:
        values = strip_prefix(self._arrays, name)
        trained = (key for key in values if self._problem.trains(name, key))
        return Sequential(spec, values, trained, self._problem.label_format)

    def _values(self) -> State:
        """Return the live state."""
        return self._arrays

    def _discriminator_forward(
        self, batch: Batch, weights: Mapping[str, Tracked]
    ) -> DiscriminatorForward:
        p = self._ada.p if self._ada else None
        problem = self._problem
        return DiscriminatorForward(
            self._d,
            weights,
            batch,
            problem.augment,
            p,
            problem.logits_per_image,
            problem.sees_source,
        )

    def _inputs(self, batch: Batch) -> tuple[Array, ...]:
        """Return what the generator takes of a batch."""
        return inputs_of(self._problem.generator_inputs(batch.noise, batch.source))

    def _given_loss(self) -> Loss:
        return self._loss.given(self._follower.scalars) if self._follower else self._loss

    def _generator_loss(
        self, discriminator: DiscriminatorForward, fake: Tracked
    ) -> tuple[Tracked, list[Tracked]]:
        """Return the generator's loss, and the values of its terms."""
        problem, batch = self._problem, discriminator.batch
        outputs: dict[str, Tracked] = {}
        loss: Any = 0.0
        weight = problem.adversarial_weight("generator")
        if weight is not None or problem.reads_heads("generator"):
            outputs = self._generated(discriminator, fake)
        if weight is not None:
            count, reals = problem.logits_per_image, outputs.get("real")
            real = all_logits(reals, count) if self._loss.paired and reals is not None else None
            formula = self._given_loss().generator
            loss = _times(weight, formula(TrackedOps(), real, all_logits(outputs["fake"], count)))
        for term in problem.terms_of("generator"):
            if term.kind == MATCHING:
                outputs[term.of], outputs[term.to], _ = discriminator.both_halves(
                    fake, constant(batch.real), problem.layers_of(term)
                )
        terms = self._terms("generator", batch, outputs, fake)
        total: Tracked = loss + self._weighted("generator", terms)
        return total, terms

    def _generated(self, discriminator: DiscriminatorForward, fake: Tracked) -> dict[str, Tracked]:
        """Return the outputs of the generator's update, of the real half too if it is in it."""
        if not self._problem.generator_sees_real:
            return {"fake": discriminator.one_half(fake, "fake")[0]}
        fakes, reals, _ = discriminator.both_halves(fake, constant(discriminator.batch.real))
        return {"fake": fakes, "real": reals}

    def _image_term(self, term: Term, batch: Batch, fake: Tracked) -> Tracked:
        """Return the value of a term that compares generated images with others."""
        to = batch.real if term.to == "real" else np.asarray(batch.source)
        return term_value(term.kind, fake, to)

    def _penalties(
        self,
        discriminator: DiscriminatorForward,
        fake: Array,
        by_images: Mapping[Half, Tracked],
    ) -> Tracked | float:
        """Return the sum of the penalties; `by_images` are the shared pass's gradients."""
        penalties = self._problem.penalties
        value: Tracked | float = 0.0
        for half, numbers in self._problem.shared_penalties.items():
            for number in numbers:
                weight = discriminator.batch.scalars[f"penalty/{number}"]
                value = value + weighted_penalty(penalties[number], weight, by_images[half])
        for number, penalty in self._problem.separate_penalties.items():
            value = value + separate_penalty(discriminator, penalty, number, fake)
        return value

    def _terms(
        self,
        side: Side,
        batch: Batch,
        outputs: Mapping[str, Tracked],
        fake: Tracked | None = None,
    ) -> list[Tracked]:
        """Return the values of a network's terms, given the outputs for each half, and images."""
        problem, values = self._problem, []
        for term in problem.terms_of(side):
            if fake is not None and term.of_images:
                values.append(self._image_term(term, batch, fake))
                continue
            if term.kind == MATCHING:
                values.append(matched(outputs[term.of], outputs[term.to]))
                continue
            of = get_slice(outputs[term.half], (slice(None), problem.head_columns[term.head]))
            if term.code:
                target = batch.noise[:, problem.code_columns[term.code]]
            else:
                target = problem.label_format.rows(
                    batch.labels, len(batch.noise), problem.precision
                )
            values.append(term_value(term.kind, of, target))
        return values

    def _weighted(self, side: Side, values: list[Tracked]) -> Tracked | float:
        """Return the sum of the values of a network's terms, each times its weight."""
        total: Tracked | float = 0.0
        for term, value in zip(self._problem.terms_of(side), values, strict=True):
            total = total + term.weight * value
        return total


def _times(weight: float | None, loss: Tracked) -> Tracked:
    """Return a loss times a weight; unchanged without one, and with the weight 1."""
    return loss if weight is None or weight == 1 else loss * weight


def _losses(loss: Tracked, terms: list[Tracked]) -> Losses:
    """Return what an update returns: its loss, with terms also their values."""
    value = float(loss.value)
    return np.array([value, *(float(term.value) for term in terms)]) if terms else value


def _finish_update(network: Sequential, optimizer: Optimizer, running: State) -> None:
    """Clip the weights, and store the running state of the update's pass."""
    clip(network.weights, optimizer.clip)
    copy_into({name: network.values[name] for name in running}, running)


def _update_average(average: State, generator: Sequential, beta: float) -> None:
    """Update the averaged weights; copy running state and frozen weights."""
    for name, value in generator.values.items():
        if name in generator.trained:
            average[name] += (1 - beta) * (value - average[name])
        else:
            average[name][...] = value
