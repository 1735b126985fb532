"""The values of an update by name: those that are given, and those that passes of networks make.

An update of one side computes only the passes that its losses need; the networks of the other side
are constants in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from gankit import layers
from gankit.augment import HALVES, Half
from gankit.contract.critique import Critique
from gankit.contract.network_inputs import NOISE, REAL, SOURCE
from gankit.contract.specification import Specification
from gankit.errors import ConfigError, UnknownName
from gankit.layers import Shape, Spec
from gankit.passes import SAMPLE, Pass, ordered, parsed
from gankit.terms import DISCRIMINATOR, FAKE, GENERATOR, LABEL, SIDES, Side


@dataclass(frozen=True)
class Features:
    """The outputs of a layer of the discriminator for one set of values, which terms compare.

    Attributes
    ----------
    inputs
        The values that the discriminator takes.
    layer
        The layer, counted from 0.
    number
        The number of the pass among those of the discriminator in an update.
    """

    inputs: tuple[str, ...]
    layer: int
    number: int


class Values:
    """The values of a `problem`.

    Attributes
    ----------
    passes
        Every pass of a network by the value that it makes, in an order of computation: "fake", the
        generator of its inputs, and the problem's passes.
    """

    def __init__(self, problem: Specification) -> None:
        self._problem = problem
        own = {name: parsed(name, text) for name, text in problem.passes.items()}
        self.passes = ordered({FAKE: Pass(GENERATOR, problem.inputs)} | own)

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """The shape of each value of a row, without the batch.

        Raises
        ------
        ConfigError
            A pass takes values of a shape that its network does not take.
        UnknownName
            A pass names no network or value that is there.
        """
        problem = self._problem
        found = {NOISE: (problem.noise_width,), REAL: problem.image_shape}
        if problem.source_shape is not None:
            found[SOURCE] = problem.source_shape
        found[FAKE] = problem.image_shape
        for name, each in self.passes.items():
            if name == FAKE:
                continue
            taken = tuple(self._shape(found, value) for value in each.inputs)
            if each.network == SAMPLE:
                found[name] = (half_row(f"passes.{name}: {each.inputs[0]}", taken[0]),)
                continue
            try:
                found[name] = layers.output_shape(self.spec(each.network), taken)
            except ConfigError as error:
                raise ConfigError(f"passes.{name}: {error}") from None
        return found

    def spec(self, network: str) -> Spec:
        """Return the layers of a `network`; one that makes a value is not native."""
        return cast("Spec", self._problem.spec_of(network))

    def _shape(self, found: Mapping[str, Shape], value: str) -> Shape:
        if value not in found:
            raise UnknownName("value", value, sorted(found))
        return found[value]

    def shape(self, value: str) -> Shape:
        """Return the shape of one `value`; UnknownName if there is no such value.

        Outputs of a layer, "NAME@N", are rows.
        """
        if "@" not in value:
            return self._shape(self.shapes, value)
        found = self.features[value]
        taken = tuple(map(self.shape, found.inputs))
        made: list[Shape] = layers.shapes(self.spec(DISCRIMINATOR), taken)
        return (math.prod(made[found.layer + 1]),)

    @cached_property
    def features(self) -> dict[str, Features]:
        """The outputs of layers that terms compare as values, "NAME@N" and "real/logit@N"."""
        terms = [term for term in self._problem.terms_of(GENERATOR) if term.of_values]
        named = [value for term in terms for value in (term.of, term.to) if "@" in value]
        return {
            value: Features(*self._layer(value), self._passes_of_losses + place)
            for place, value in enumerate(dict.fromkeys(named))
        }

    @property
    def again(self) -> int:
        """The number of the discriminator's pass over another view of the real images."""
        return self._passes_of_losses + len(self.features)

    @property
    def _passes_of_losses(self) -> int:
        """The number of the discriminator's passes for adversarial losses and penalties."""
        own = [each for each in self._problem.critiques if each.network == DISCRIMINATOR]
        return len(own) + len(self._problem.penalties)

    def _layer(self, value: str) -> tuple[tuple[str, ...], int]:
        """Return what the discriminator takes for the outputs of a layer, and the layer."""
        name, _, layer = value.partition("@")
        half, _, logit = name.partition("/")
        spec = self._problem.spec_of(DISCRIMINATOR)
        count = len(spec) if isinstance(spec, tuple) else 0
        if not re.fullmatch("-?[0-9]{1,4}", layer) or not -count <= int(layer) < count:
            raise ConfigError(
                f"terms: got {value!r}; expected NAME@N, the outputs of a layer: the discriminator "
                f"has the layers 0 to {count - 1}"
            )
        number = int(layer) % count
        if logit:
            return self._problem.sees[half], number
        found = self.passes.get(name)
        if found is None or found.network != DISCRIMINATOR:
            passes = [n for n, each in self.passes.items() if each.network == DISCRIMINATOR]
            raise UnknownName("pass of the discriminator", name, passes)
        return found.inputs, number

    def made_by(self, network: str) -> str:
        """Return the value that the first pass of a `network` makes; UnknownName without one."""
        found = {each.network: name for name, each in reversed(self.passes.items())}
        if network not in found:
            raise UnknownName("network", network, list(found))
        return found[network]

    def input_shapes(self, network: str) -> tuple[Shape, ...]:
        """Return the shapes of the values that a further `network` takes in its first pass.

        ConfigError without any pass.
        """
        first = next(self.uses(network), None)
        if first is None:
            raise ConfigError(
                f"networks.{network}: got no pass of it; expected a value in passes, such as "
                f"'{network}(real)'"
            )
        return tuple(map(self.shape, first))

    def uses(self, network: str) -> Iterator[tuple[str, ...]]:
        """Yield what a `network` takes in each of its passes, those in critiques too."""
        for each in self.passes.values():
            if each.network == network:
                yield each.inputs
        for critique in self._problem.critiques:
            if critique.network == network:
                yield from (critique.sees[half] for half in HALVES)

    @cached_property
    def sampled(self) -> dict[str, int]:
        """The number of columns of each value that is drawn, by its name."""
        drawn = (name for name, each in self.passes.items() if each.network == SAMPLE)
        return {name: self.shape(name)[0] for name in drawn}

    def number(self, value: str) -> int:
        """Return the number of the pass that makes a `value` among those of its network."""
        network = self.passes[value].network
        own = [name for name, each in self.passes.items() if each.network == network]
        return own.index(value)

    def is_first(self, value: str, side: Side) -> bool:
        """Return whether a `value` is the first that its network makes in an update of `side`.

        The running state of a network moves in that pass.
        """
        network = self.passes[value].network
        own = [name for name in self.made(side) if self.passes[name].network == network]
        return own[0] == value

    @cached_property
    def repeated(self) -> frozenset[str]:
        """The networks with several passes in an update that moves them."""
        own = [self.passes[name].network for name in self.made(GENERATOR)]
        return frozenset(name for name in own if own.count(name) > 1 and name != SAMPLE)

    def made(self, side: Side) -> tuple[str, ...]:
        """Return the values that passes make in an update of `side`, in order."""
        return self._made[side]

    @cached_property
    def _made(self) -> dict[Side, tuple[str, ...]]:
        needed = {side: self.needed(side) for side in SIDES}
        own = [name for name, each in self.passes.items() if each.network != DISCRIMINATOR]
        return {side: tuple(name for name in own if name in needed[side]) for side in SIDES}

    def forward_passes(self, side: Side) -> list[tuple[str, int, int]]:
        """Return every forward pass of an update of `side`.

        Each is a network, the number of the pass among those of the network, and the number of
        batches that are joined in it.
        """
        critiques = (
            (each.network, each.number, len(self.halves(each, side)))
            for each in self._problem.critiques
        )
        penalties = range(len(self._problem.penalties) if side == DISCRIMINATOR else 0)
        return [
            *(
                (self.passes[name].network, self.number(name), 1)
                for name in self.made(side)
                if name not in self.sampled
            ),
            *(each for each in critiques if each[2]),
            *((str(DISCRIMINATOR), number + 1, 1) for number in penalties),
            *(
                (str(DISCRIMINATOR), each.number, 1)
                for each in self.features.values()
                if side == GENERATOR
            ),
            *(
                [(str(DISCRIMINATOR), self.again, 1)]
                if side == DISCRIMINATOR and self._problem.compares_views
                else []
            ),
        ]

    def needed(self, side: Side) -> frozenset[str]:
        """Return the values that an update of `side` needs, those that are given too."""
        waiting, found = list(self._wanted(side)), set()
        while waiting:
            value = waiting.pop()
            if value in found or value == LABEL:
                continue
            found.add(value)
            if value in self.passes:
                waiting += self.passes[value].inputs
        return frozenset(found)

    def _wanted(self, side: Side) -> Iterator[str]:
        """Yield the values that the losses of `side` compare."""
        for critique in self._problem.critiques:
            for half in self.halves(critique, side):
                yield from critique.sees[half]
        for term in self._problem.terms_of(side):
            if term.of_values:
                for value in (term.of, term.to):
                    yield from self._layer(value)[0] if "@" in value else (value,) * bool(value)

    def halves(self, critique: Critique, side: Side) -> tuple[Half, ...]:
        """Return the halves that a `critique` compares in an update of `side`: fakes come first."""
        problem, main = self._problem, critique is self._problem.critiques[0]
        if side == DISCRIMINATOR:
            return ("fake", "real")
        read = main and (problem.matches_features or problem.reads_heads(side))
        if not read and side not in critique.weights:
            return ()
        both = problem.generator_sees_real if main else problem.loss.paired
        return ("fake", "real") if both else ("fake",)


def half_row(place: str, shape: Shape) -> int:
    """Return the number of means in a row of means and logarithms of variances."""
    if len(shape) != 1 or shape[0] % 2:
        raise ConfigError(
            f"{place}: got the shape {shape}; expected a row of means, then as many logarithms of "
            "variances"
        )
    return shape[0] // 2
