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
from typing import Any, Protocol

from gankit import layers
from gankit.augment import HALVES, Augment, Half
from gankit.codes import check_name
from gankit.contract.source_checks import NOISE, REAL, SOURCE
from gankit.errors import ConfigError, UnknownName
from gankit.followers import Follower
from gankit.layers import Shape
from gankit.losses import Loss
from gankit.passes import SAMPLE, FurtherNetwork, Pass, ordered, parsed
from gankit.penalties import Penalty
from gankit.terms import ALONE, FAKE, LABEL, Side, Term

GIVEN = (NOISE, REAL, SOURCE)
"""The values that a batch has."""
GENERATOR: Side = "generator"
DISCRIMINATOR: Side = "discriminator"
SIDES: tuple[Side, ...] = (GENERATOR, DISCRIMINATOR)
"""The sides, and the networks that are always there."""
RESERVED = {GENERATOR, DISCRIMINATOR, "average", "optimizer", "penalty", "pass", "step", SAMPLE}
"""Names that a further network cannot have: other entries of a state begin with them."""


@dataclass(frozen=True)
class Critique:
    """An adversarial loss: a network compares the values of two halves of a batch.

    Attributes
    ----------
    network
        The network, on the discriminator's side.
    sees
        What it takes of each half, "real" and "fake".
    weights
        The factor of the loss of each side that has it.
    number
        The number of its pass among those of its network in an update.
    """

    network: str
    sees: Mapping[str, tuple[str, ...]]
    weights: Mapping[Side, float]
    number: int = 0


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


class Graph(Protocol):
    """What the values need of a problem, whose class documents it."""

    @property
    def generator(self) -> Any: ...  # noqa: ANN401, D102 - a spec or a native network.
    @property
    def inputs(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def sees(self) -> Mapping[str, tuple[str, ...]]: ...  # noqa: D102
    @property
    def passes(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def networks(self) -> Mapping[str, FurtherNetwork]: ...  # noqa: D102
    @property
    def augment(self) -> Augment | None: ...  # noqa: D102
    @property
    def noisy(self) -> bool: ...  # noqa: D102
    @property
    def penalties(self) -> tuple[Penalty, ...]: ...  # noqa: D102
    @property
    def followers(self) -> Mapping[str, Follower]: ...  # noqa: D102
    @property
    def sees_images(self) -> bool: ...  # noqa: D102
    @property
    def noise_width(self) -> int: ...  # noqa: D102
    @property
    def image_shape(self) -> Shape: ...  # noqa: D102
    @property
    def source_shape(self) -> Shape | None: ...  # noqa: D102
    @property
    def critiques(self) -> tuple[Critique, ...]: ...  # noqa: D102
    @property
    def sees_values(self) -> bool: ...  # noqa: D102
    @property
    def generator_sees_real(self) -> bool: ...  # noqa: D102
    @property
    def loss(self) -> Loss: ...  # noqa: D102
    @property
    def matches_features(self) -> bool: ...  # noqa: D102
    @property
    def terms(self) -> tuple[Term, ...]: ...  # noqa: D102

    @property
    def roles(self) -> Mapping[str, int]: ...  # noqa: D102
    def spec_of(self, network: str) -> Any: ...  # noqa: ANN401, D102
    def side_of(self, network: str) -> Side: ...  # noqa: D102
    def terms_of(self, side: Side) -> list[Term]: ...  # noqa: D102
    def reads_heads(self, side: Side) -> bool: ...  # noqa: D102


class Values:
    """The values of a `problem`.

    Attributes
    ----------
    passes
        Every pass of a network by the value that it makes, in an order of computation: "fake", the
        generator of its inputs, and the problem's passes.
    """

    def __init__(self, problem: Graph) -> None:
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
                found[name] = (_half(f"passes.{name}: {each.inputs[0]}", taken[0]),)
                continue
            try:
                found[name] = layers.output_shape(problem.spec_of(each.network), taken)
            except ConfigError as error:
                raise ConfigError(f"passes.{name}: {error}") from None
        return found

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
        found, spec = self.features[value], self._problem.spec_of(DISCRIMINATOR)
        taken = tuple(map(self.shape, found.inputs))
        return (math.prod(layers.shapes(spec, taken)[found.layer + 1]),)

    @cached_property
    def features(self) -> dict[str, Features]:
        """The outputs of layers that terms compare as values, "NAME@N" and "real/logit@N"."""
        terms = [term for term in self._problem.terms_of(GENERATOR) if term.of_values]
        named = [value for term in terms for value in (term.of, term.to) if "@" in value]
        critiques = [each for each in self._problem.critiques if each.network == DISCRIMINATOR]
        first = len(critiques) + len(self._problem.penalties)
        return {
            value: Features(*self._layer(value), first + place)
            for place, value in enumerate(dict.fromkeys(named))
        }

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

    def input_shapes(self, network: str) -> tuple[Shape, ...]:
        """Return the shapes of the values that a further `network` takes in its first pass.

        ConfigError without any pass.
        """
        first = next(self._uses(network), None)
        if first is None:
            raise ConfigError(
                f"networks.{network}: got no pass of it; expected a value in passes, such as "
                f"'{network}(real)'"
            )
        return tuple(map(self.shape, first))

    def _uses(self, network: str) -> Iterator[tuple[str, ...]]:
        """Yield what a network takes in each of its passes, those in critiques too."""
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


def check_networks(problem: Graph) -> None:
    """Raise ConfigError unless further networks and passes have good names, and fit together."""
    for name, network in problem.networks.items():
        check_name("networks", name)
        if name in RESERVED or name in problem.followers:
            raise ConfigError(f"networks.{name}: got a name that gankit uses; choose another one")
        if not isinstance(network, FurtherNetwork):
            raise ConfigError(
                f"networks.{name}: got a {type(network).__name__}; expected a "
                "gankit.passes.FurtherNetwork"
            )
    natives = [name for name in SIDES if not isinstance(problem.spec_of(name), tuple)]
    if natives and (problem.networks or problem.passes or problem.sees_values):
        raise ConfigError(
            f"{natives[0]}: got a native network with further networks or values; expected layers "
            "of gankit"
        )
    for name in problem.passes:
        if name in (*GIVEN, FAKE, LABEL):
            raise ConfigError(f"passes.{name}: got the name of a given value; choose another one")


def _half(place: str, shape: Shape) -> int:
    """Return the number of means in a row of means and logarithms of variances."""
    if len(shape) != 1 or shape[0] % 2:
        raise ConfigError(
            f"{place}: got the shape {shape}; expected a row of means, then as many logarithms of "
            "variances"
        )
    return shape[0] // 2


def check_terms(problem: Graph, values: Values) -> None:
    """Raise ConfigError unless the values that terms compare are there, of equal shapes."""
    for critique in problem.critiques[1:]:
        _check_critique(problem, values, critique)
    for number, term in enumerate(problem.terms):
        if not term.of_values:
            continue
        shape = values.shape(term.of)
        if term.kind == "kl":
            _half(f"terms.{number}.of: {term.of}", shape)
        elif term.kind not in ALONE and values.shape(term.to) != shape:
            raise ConfigError(
                f"terms.{number}: term.to: got {term.to!r}, of shape {values.shape(term.to)}; "
                f"expected that of {term.of!r}, {shape}"
            )


def _check_critique(problem: Graph, values: Values, critique: Critique) -> None:
    """Raise ConfigError unless a further adversarial term has equal shapes, and logits."""
    name = critique.network
    if problem.side_of(name) != DISCRIMINATOR:
        raise ConfigError(
            f"term.by: got {name!r}, on the generator's side; expected a network on the "
            "discriminator's side"
        )
    halves = [tuple(map(values.shape, critique.sees[half])) for half in (REAL, FAKE)]
    if halves[0] != halves[1]:
        raise ConfigError(
            f"term.real: got values of the shapes {list(halves[0])}, and {list(halves[1])} for "
            "fake; expected equal shapes"
        )
    if name == DISCRIMINATOR:
        return
    made = layers.output_shape(problem.spec_of(name), halves[0])
    if made != (1,) and (len(made) != 3 or made[-1] != 1):
        raise ConfigError(
            f"networks.{name}: got outputs of {made}; expected (1,), or (height, width, 1), a map "
            "of logits"
        )


def check_sees(problem: Graph, values: Values) -> None:
    """Raise ConfigError unless both halves have values of equal shapes, which options fit."""
    halves = [tuple(map(values.shape, problem.sees[half])) for half in (REAL, FAKE)]
    if halves[0] != halves[1]:
        raise ConfigError(
            f"discriminator.sees: got values of the shapes {list(halves[0])} for real and "
            f"{list(halves[1])} for fake; expected equal shapes"
        )
    given = {"augment": problem.augment, "instance_noise": problem.noisy}
    own = [name for name, value in given.items() if value]
    images = [len(shape) == 3 for shape in halves[0]]
    if own and not problem.sees_images:
        raise ConfigError(
            f"{own[0]}: got a value, but the discriminator sees no images first; leave it out"
        )
    if own and any(images[1:]):
        raise ConfigError(
            f"{own[0]}: got a value, but the discriminator sees "
            f"{'the source' if SOURCE in problem.sees[REAL] else 'two images'}; expected none: the "
            "two images of a pair would differ"
        )
    if problem.penalties and not problem.sees_images:
        raise ConfigError(
            "penalties: got some, but the discriminator sees no images first; leave them out"
        )
    pairs = any(penalty.where not in HALVES for penalty in problem.penalties)
    if pairs and problem.sees[REAL][1:] != problem.sees[FAKE][1:]:
        raise ConfigError(
            "penalties: got points between the halves, whose other values differ; expected where "
            "= 'real' or 'fake'"
        )


def check_passes(problem: Graph, values: Values) -> None:
    """Raise ConfigError unless passes fit their networks, and a loss moves each network."""
    for value, each in values.passes.items():
        if value in values.sampled or problem.side_of(each.network) == GENERATOR:
            continue
        readers = [name for name, other in values.passes.items() if value in other.inputs]
        if each.network != DISCRIMINATOR or readers:
            raise ConfigError(
                f"passes.{value}: got a pass of {each.network!r}, on the discriminator's side; "
                "expected a network of the generator's side, or the discriminator in a pass whose "
                f"layers terms compare, as '{value}@1'"
            )
    for name in problem.roles:
        taken = {tuple(map(values.shape, inputs)) for inputs in values._uses(name)}
        if len(taken) > 1:
            raise ConfigError(
                f"{_path(name)}: got passes on inputs of the shapes {sorted(taken)}; expected "
                "equal shapes"
            )
    for name in (GENERATOR, *problem.networks):
        side = problem.side_of(name)
        used = {values.passes[value].network for value in values.made(side)}
        used |= {each.network for each in problem.critiques if side in each.weights}
        if name not in used:
            values.input_shapes(name)
            raise ConfigError(
                f"{_path(name)}: got no loss of the {side}'s side that depends on it; give it a "
                "term, or let the discriminator see its value, as a real one with swapped = true"
            )


def _path(network: str) -> str:
    """Return the setting of a network."""
    return network if network in SIDES else f"networks.{network}"
