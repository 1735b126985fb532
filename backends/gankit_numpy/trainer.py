"""The reference trainer: the two updates of a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gankit.augment import HALVES, Half
from gankit.contract import Array, Batch, Problem, State, check_state, strip_prefix
from gankit.contract.loss_columns import Losses
from gankit.contract.network_inputs import NOISE, REAL, SOURCE
from gankit.contract.required_inputs import RequiredInputs
from gankit.errors import UnknownName
from gankit.followers import ADA, LOSS
from gankit.layers import as_spec
from gankit.losses import Loss
from gankit.optimizers import Optimizer
from gankit.passes import SAMPLE
from gankit.terms import INFORMATION, MATCHING, PULLING, SIDES, Side, Term
from gankit_numpy.ada import AdaptiveProbability
from gankit_numpy.discriminator_forward import DiscriminatorForward
from gankit_numpy.dropout_masks import pass_masks
from gankit_numpy.loss_follower import LossFollower
from gankit_numpy.losses import (
    all_logits,
    distance,
    divergence,
    image_logits,
    information,
    likeness,
    matched,
    sampled,
    term_value,
)
from gankit_numpy.networks import Inference, Sequential, copy_into, ignore_overflow
from gankit_numpy.operations import get_slice, reshape
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
        self._sequentials = {name: self._network(name) for name in problem.roles}
        self._updaters = {
            name: updater(problem.optimizer_of(name), strip_prefix(values, f"optimizer/{name}"))
            for name in problem.roles
        }
        self._g, self._d = (self._sequentials[side] for side in SIDES)
        self._ada = self._follower = None
        if problem.augment and problem.augment.adaptive:
            self._ada = AdaptiveProbability(problem.augment, strip_prefix(values, ADA))
        if follower := problem.loss.follower:
            self._follower = LossFollower(follower, strip_prefix(values, LOSS), problem.precision)
        self.generator = Inference(self._g, noise_position=problem.noise_position)
        self.discriminator = Inference(self._d, problem)
        average = Sequential(
            self._g.spec, strip_prefix(values, "average"), label_format=problem.label_format
        )
        self.average = (
            Inference(average, noise_position=problem.noise_position) if problem.average else None
        )
        self.networks = {
            name: Inference(
                self._sequentials[name],
                problem if problem.criticises(name) else None,
                name=name,
            )
            for name in problem.networks
        }

    @ignore_overflow
    def update_discriminator(self, batch: Batch, /) -> Losses:
        """Update the discriminator once, to distinguish generated images from real ones."""
        self._required.check(batch)
        made, _ = self._made(batch, "discriminator", {})
        weights = self._variables("discriminator")
        discriminator = self._discriminator_forward(batch, weights, made)
        fake, real = (self._images(made, half) for half in ("fake", "real"))
        fakes, reals, running, by_images = discriminator.adversarial(
            fake.value, real.value, self._problem.shared_penalties
        )
        count = self._problem.logits_per_image
        loss = self._given_loss().discriminator(
            TrackedOps(), all_logits(reals, count), all_logits(fakes, count)
        )
        loss = _times(self._problem.adversarial_weight("discriminator"), loss)
        outputs = {"fake": fakes, "real": reals}
        if self._problem.compares_views:
            number = self._problem.values.again
            outputs["again"], _ = discriminator.one_half(real, "real", number, "again")
        terms = self._terms("discriminator", batch, outputs, made)
        loss = loss + self._weighted("discriminator", terms)
        loss = loss + self._penalties(discriminator, fake.value, by_images)
        further, moved = self._further("discriminator", batch, weights, made)
        loss = sum(further, loss)
        self._update("discriminator", batch, loss, weights, moved | {"discriminator": running})
        logits = [image_logits(outputs, count).value for outputs in (reals, fakes)]
        if self._ada:
            self._ada.record(logits[0])
        if self._follower:
            self._follower.record(*logits)
        logged = (self._arrays[name] for name in self._problem.logged_scalars)
        return _losses(loss, terms, *map(float, logged))

    @ignore_overflow
    def update_generator(self, batch: Batch, /) -> Losses:
        """Update the generator once, to raise the logits of its images, and its average."""
        self._required.check(batch)
        weights = self._variables("generator")
        made, running = self._made(batch, "generator", weights)
        loss, terms = self._generator_loss(self._discriminator_forward(batch, {}, made), made)
        self._update("generator", batch, loss, weights, running)
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

    def _network(self, name: str) -> Sequential:
        values = strip_prefix(self._arrays, name)
        trained = (key for key in values if self._problem.trains(name, key))
        spec = as_spec(self._problem.spec_of(name), name)
        return Sequential(spec, values, trained, self._problem.label_format)

    def _variables(self, side: Side) -> dict[str, Tracked]:
        """Return the weights of a side's networks as variables, with the names of a state."""
        return {
            f"{name}/{key}": weight
            for name in self._problem.networks_of(side)
            for key, weight in self._sequentials[name].variables().items()
        }

    def _update(
        self,
        side: Side,
        batch: Batch,
        loss: Tracked,
        weights: Mapping[str, Tracked],
        running: Mapping[str, State],
    ) -> None:
        """Move the networks of a side, given their loss and the running state after its passes."""
        gradients, scalars = named_gradients(loss, weights), strip_prefix(batch.scalars, side)
        for name in self._problem.networks_of(side):
            network, optimizer = self._sequentials[name], self._problem.optimizer_of(name)
            self._updaters[name].update(network.values, strip_prefix(gradients, name), scalars)
            _finish_update(network, optimizer, running.get(name, {}))

    def _made(
        self, batch: Batch, side: Side, weights: Mapping[str, Tracked]
    ) -> tuple[dict[str, Tracked], dict[str, State]]:
        """Return the values that passes make in an update of `side`, and the running state.

        The running state is that of each network after its first pass. Without `weights` the values
        are constants.
        """
        values, found = self._problem.values, self._given(batch)
        running: dict[str, State] = {}
        for name in values.made(side):
            each = values.passes[name]
            first, *others = (
                constant(found[value].value) if stopped else found[value]
                for value, stopped in each.taken()
            )
            if each.network == SAMPLE:
                found[name] = sampled(first, batch.random[f"sample/{name}"])
                continue
            masks = pass_masks(batch, self._problem.roles[each.network], values.number(name))
            own = strip_prefix(weights, each.network)
            found[name], moved = self._sequentials[each.network].run(
                first, batch.labels, masks, own, others=tuple(others)
            )
            running.setdefault(each.network, moved)
        return found, running

    def _given(self, batch: Batch) -> dict[str, Tracked]:
        """Return the values that a batch gives, as constants."""
        given = {NOISE: batch.noise, REAL: batch.real, SOURCE: batch.source}
        return {name: constant(array) for name, array in given.items() if array is not None}

    def _images(self, made: Mapping[str, Tracked], half: Half) -> Tracked:
        """Return the first value that the discriminator sees of a half."""
        return made[self._problem.sees[half][0]]

    def _values(self) -> State:
        """Return the live state."""
        return self._arrays

    def _discriminator_forward(
        self, batch: Batch, weights: Mapping[str, Tracked], made: Mapping[str, Tracked]
    ) -> DiscriminatorForward:
        problem = self._problem
        return DiscriminatorForward(
            self._d,
            strip_prefix(weights, "discriminator"),
            batch,
            problem.augment,
            self._ada.p if self._ada else None,
            problem.logits_per_image,
            {
                half: [made[name] for name in problem.sees[half][1:] if name in made]
                for half in HALVES
            },
            problem.sees_images,
        )

    def _further(
        self,
        side: Side,
        batch: Batch,
        weights: Mapping[str, Tracked],
        made: Mapping[str, Tracked],
    ) -> tuple[list[Tracked], dict[str, State]]:
        """Return the further adversarial losses of a side, weighted, and the running state."""
        problem, found = self._problem, []
        running: dict[str, State] = {}
        for critique in problem.critiques[1:]:
            if side not in critique.weights:
                continue
            name, halves = critique.network, problem.values.halves(critique, side)
            forward = DiscriminatorForward(
                self._sequentials[name],
                strip_prefix(weights, name),
                batch,
                None,
                None,
                0,
                {half: [made[value] for value in critique.sees[half][1:]] for half in halves},
                images=False,
                role=problem.roles[name],
                number=critique.number,
            )
            first = [made[critique.sees[half][0]] for half in halves]
            outputs = {}
            if len(halves) > 1:
                outputs["fake"], outputs["real"], moved = forward.both_halves(first[0], first[1])
            else:
                outputs["fake"], moved = forward.one_half(first[0], "fake")
            if not critique.number:
                running[name] = moved
            count = problem.logits_per_image if name == "discriminator" else None
            logits = {half: all_logits(each, count) for half, each in outputs.items()}
            formula = getattr(self._given_loss(), side)
            loss = formula(TrackedOps(), logits.get("real"), logits["fake"])
            found.append(_times(critique.weights[side], loss))
        return found, running

    def _given_loss(self) -> Loss:
        return self._loss.given(self._follower.scalars) if self._follower else self._loss

    def _generator_loss(
        self, discriminator: DiscriminatorForward, made: dict[str, Tracked]
    ) -> tuple[Tracked, list[Tracked]]:
        """Return the generator's loss, and the values of its terms."""
        problem, batch = self._problem, discriminator.batch
        outputs: dict[str, Tracked] = {}
        loss: Any = 0.0
        weight = problem.adversarial_weight("generator")
        if weight is not None or problem.reads_heads("generator"):
            outputs = self._generated(discriminator, made)
        if weight is not None:
            count, reals = problem.logits_per_image, outputs.get("real")
            real = all_logits(reals, count) if self._loss.paired and reals is not None else None
            formula = self._given_loss().generator
            loss = _times(weight, formula(TrackedOps(), real, all_logits(outputs["fake"], count)))
        for term in problem.terms_of("generator"):
            if term.kind == MATCHING:
                fake, real = (self._images(made, half) for half in ("fake", "real"))
                outputs[term.of], outputs[term.to], _ = discriminator.both_halves(
                    fake, real, problem.layers_of(term)
                )
        loss = sum(self._further("generator", batch, {}, made)[0], loss)
        terms = self._terms("generator", batch, outputs, made)
        total: Tracked = loss + self._weighted("generator", terms)
        return total, terms

    def _generated(
        self, discriminator: DiscriminatorForward, made: Mapping[str, Tracked]
    ) -> dict[str, Tracked]:
        """Return the outputs of the generator's update, of the real half too if it is in it."""
        fake = self._images(made, "fake")
        if not self._problem.generator_sees_real:
            return {"fake": discriminator.one_half(fake, "fake")[0]}
        fakes, reals, _ = discriminator.both_halves(fake, self._images(made, "real"))
        return {"fake": fakes, "real": reals}

    def _image_term(self, term: Term, values: Mapping[str, Tracked]) -> Tracked:
        """Return the value of a term of one or two values of each row."""
        if term.kind == PULLING:
            return likeness(values[term.of])
        if term.kind == "kl":
            return divergence(values[term.of])
        return distance(term.kind, values[term.of], values[term.to])

    def _features(
        self, batch: Batch, term: Term, made: Mapping[str, Tracked]
    ) -> dict[str, Tracked]:
        """Return the outputs of layers of the discriminator that a term compares, as rows."""
        found = {}
        for name in {term.of, term.to} & self._problem.values.features.keys():
            each = self._problem.values.features[name]
            masks = pass_masks(batch, self._problem.roles["discriminator"], each.number)
            first, *others = (made[value] for value in each.inputs)
            outputs, _ = self._d.run(
                first, batch.labels, masks, {}, layers=each.layer + 1, others=tuple(others)
            )
            found[name] = reshape(outputs, (outputs.shape[0], -1))
        return found

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
        made: dict[str, Tracked],
    ) -> list[Tracked]:
        """Return the values of a side's terms, given the outputs for each half, and the values."""
        problem, values = self._problem, []
        for term in problem.terms_of(side):
            if term.of_values:
                values.append(self._image_term(term, made | self._features(batch, term, made)))
                continue
            if term.kind == MATCHING:
                values.append(matched(outputs[term.of], outputs[term.to]))
                continue
            columns = (slice(None), problem.head_columns[term.head])
            of = get_slice(outputs[term.half], columns)
            if term.kind == INFORMATION:
                values.append(information(of, get_slice(outputs["again"], columns)))
                continue
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


def _losses(loss: Tracked, terms: list[Tracked], *more: float) -> Losses:
    """Return what an update returns: its loss, with terms also their values, and `more`."""
    value, *values = (float(each.value) for each in (loss, *terms))
    return np.array([value, *values, *more]) if values or more else value


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
