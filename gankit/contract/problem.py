"""The specification that a backend builds a trainer from."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit import codes, layers, optimizers
from gankit._text import counted
from gankit._utils.field_types import as_tuple, check_fields
from gankit._utils.plain_numbers import plain_numbers
from gankit._utils.state import State, add_prefix, strip_prefix
from gankit.augment import HALVES, Half
from gankit.conditions import Condition, scaled, spread
from gankit.contract import loss_columns, random_streams
from gankit.contract.frozen_layers import frozen_layers, layers_of
from gankit.contract.label_format import NO_LABELS, AnyLabels, LabelFormat
from gankit.contract.options import Options
from gankit.contract.source_checks import (
    IMAGE,
    INPUTS,
    NOISE,
    REAL,
    SEES,
    SOURCE,
    as_sees,
    check_inputs,
    check_sources,
)
from gankit.contract.term_checks import (
    check_adversarial,
    check_codes,
    check_features,
    check_heads,
    check_names,
    check_term,
    further_adversarial,
    main_adversarial,
)
from gankit.contract.values import (
    SIDES,
    Critique,
    Values,
    check_networks,
    check_passes,
    check_sees,
    check_terms,
)
from gankit.contract.world import ALONE, World
from gankit.errors import ConfigError, UnknownName, shown
from gankit.followers import ADA, LOSS, AdaptiveProbability, Follower, logged
from gankit.layers import (
    BatchNorm,
    InstanceNorm,
    LayerNorm,
    MinibatchStd,
    Shape,
    Spec,
    as_spec,
    is_spec,
)
from gankit.losses import Loss
from gankit.optimizers import SGD, Adam, Optimizer, RMSprop
from gankit.penalties import Penalty
from gankit.schedules import Schedule, check_rate, ends
from gankit.terms import ADVERSARIAL, CLASS, FAKE, LABEL, MATCHING, PULLING, Side, Term

Array: TypeAlias = NDArray[np.floating[Any]]
Native: TypeAlias = object
"""A network of the backend's framework: an `nn.Module`, a `keras.Model`."""


@dataclass(frozen=True)
@plain_numbers
class Problem(Options):
    """The specification that a backend builds a trainer from, besides its `Options`.

    Attributes
    ----------
    generator, discriminator
        Specs, or native networks of the backend's framework.
    latent
        Number of normal columns of the noise; those of `codes` follow.
    image_shape
        (height, width, channels).
    loss
        The adversarial loss.
    generator_optimizer, discriminator_optimizer
        The optimizer of each network.
    classes
        Number of classes of the labels; 0 if no network is class-conditional.
    conditions
        The columns of labels that are vectors, as for a continuous condition; none, the default, if
        a label is a class. Networks take them scaled, as `gankit.conditions.scaled` does.
    heads
        The heads of the discriminator: the number of columns of each, by its name, which follow the
        logit in this order; none by default.
    source_shape
        (height, width, channels) of the sources, if there are any; None by default.
    inputs
        What the generator takes: "noise", the default, "source" or both, in its order. Noise that
        it does not take is not drawn.
    sees
        The values that the discriminator takes of each half of its batch, as many of each, by
        default the images: `{"real": ("real",), "fake": ("fake",)}`. Images come first.
    world
        The processes that train it together; by default, one.
    """

    generator: Spec | Native
    discriminator: Spec | Native
    latent: int
    image_shape: Shape
    loss: Loss
    generator_optimizer: Optimizer
    discriminator_optimizer: Optimizer
    classes: int = 0
    conditions: tuple[Condition, ...] = field(default=(), kw_only=True)
    heads: Mapping[str, int] = field(default_factory=dict, kw_only=True, hash=False)
    source_shape: Shape | None = field(default=None, kw_only=True)
    inputs: tuple[str, ...] = field(default=INPUTS, kw_only=True)
    sees: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: dict(SEES), kw_only=True, hash=False
    )
    world: World = field(default=ALONE, kw_only=True)

    def __post_init__(self) -> None:
        """Raise ConfigError, in one line, for a problem that cannot be built."""
        for name in ("generator", "discriminator"):
            network = getattr(self, name)
            if is_spec(network):
                object.__setattr__(self, name, as_spec(network, name))
        for name in (
            "penalties",
            "image_shape",
            "freeze",
            "codes",
            "terms",
            "inputs",
            "conditions",
        ):
            object.__setattr__(self, name, as_tuple(getattr(self, name)))
        if self.source_shape is not None:
            object.__setattr__(self, "source_shape", as_tuple(self.source_shape))
        object.__setattr__(self, "sees", as_sees(self.sees))
        check_fields(self)
        _check_numbers(self)
        check_codes(self.codes)
        check_heads(self.heads, auxiliary=self.auxiliary > 0)
        for number, term in enumerate(self.terms):
            check_term(term, number, self.all_heads, self.codes, self.label_format)
        check_adversarial(self.terms, self.sees)
        check_features(self.terms, self.discriminator)
        check_inputs(self.inputs, self.sees)
        check_networks(self)
        check_sources(self)
        check_sees(self, self.values)
        check_terms(self, self.values)
        check_passes(self, self.values)
        _check_networks(self)
        _check_frozen(self)
        optimizers.check(self.generator_optimizer)
        optimizers.check(self.discriminator_optimizer)
        _check_epsilons(self)
        random_streams.check_seed(self.seed)

    def __repr__(self) -> str:
        """Return a few lines: sizes instead of layers, and the options that are set."""
        plain = {"latent", "image_shape", "loss", "precision", "seed"}
        options = [f for f in fields(self) if f.default is not MISSING and f.name not in plain]
        changed = []
        for option in options:
            value = getattr(self, option.name)
            if value != option.default:
                is_short = isinstance(value, bool | int | float | str)
                changed.append(f"{option.name}={value!r}" if is_short else option.name)
        first = f"{self.noise_width}" if self.takes_noise else f"{self.source_shape}"
        summary = f"{first} -> {self.image_shape}, {self.loss.name}"
        return "\n".join([
            f"Problem({', '.join([summary, self.precision, f'seed {self.seed}', *changed])}",
            f"    generator: {self._network_summary('generator')}",
            f"    discriminator: {self._network_summary('discriminator')})",
        ])  # fmt: skip

    def _network_summary(self, role: str) -> str:
        """Return a network's size and its optimizer."""
        network = getattr(self, role)
        size = f"native, {shown(network)}"
        if isinstance(network, tuple):
            weights = sum(map(math.prod, _shapes_of(self, role).values()))
            size = f"{counted(len(network), 'layer')}, {counted(weights, 'weight')}"
        return f"{size}, {type(getattr(self, f'{role}_optimizer')).__name__}"

    @cached_property
    def pixels(self) -> Array:
        """The value in [-1, 1] of each of the 256 grey levels: (level - 127.5) / 127.5."""
        return ((np.arange(256) - 127.5) / 127.5).astype(self.precision)

    def scale(self, images: NDArray[Any]) -> Array:
        """Return `images` in [-1, 1]: uint8 is converted, real numbers are returned unchanged."""
        if images.dtype == np.uint8:
            return np.take(self.pixels, images)
        return np.asarray(images, self.precision)

    def initial_weights(self) -> State:
        """Draw the initial weights of each network that is a spec: "generator/0.kernel", ..."""
        state: State = {}
        for name, number in self.roles.items():
            spec, shapes = self.spec_of(name), self.input_shapes(name)
            if isinstance(spec, tuple):
                random = random_streams.generator(self.seed, random_streams.Stream.WEIGHTS, number)
                weights = layers.initial_weights(spec, shapes, random, self.label_format.width)
                state |= {f"{name}/{k}": w.astype(self.precision) for k, w in weights.items()}
        return state

    def initial_state(self) -> State:
        """Return the initial state of a run, by the names of a checkpoint.

        Native networks have no names here: the backend names their weights and optimizer state.
        """
        first = self.initial_weights()
        state = first | {"step": np.zeros((), np.int64)}
        for network in self.roles:
            if not isinstance(self.spec_of(network), tuple):
                continue
            arrays = strip_prefix(first, network)
            weights = {name: w for name, w in arrays.items() if self.trains(network, name)}
            moments = optimizers.initial_state(self.optimizer_of(network), weights)
            state |= add_prefix(f"optimizer/{network}", moments)
        if self.average and isinstance(self.generator, tuple):
            copies = {
                name: array.copy() for name, array in strip_prefix(first, "generator").items()
            }
            state |= add_prefix("average", copies)
        for name, follower in self.followers.items():
            state |= add_prefix(name, follower.initial_scalars())
        return state

    def trains(self, network: str, name: str) -> bool:
        """Return whether an optimizer moves an array of a network of layers.

        It moves the weights, except those of frozen layers, which have no moments in the state. A
        clip does not apply to them either, and the average copies them.

        Parameters
        ----------
        network
            "generator", "discriminator" or one of `networks`.
        name
            The array's name, as in `layers.weight_shapes`.
        """
        frozen = self._frozen.get(network, frozenset())
        return not layers.is_running(name) and int(name.partition(".")[0]) not in frozen

    def input_shapes(self, network: str) -> tuple[Shape, ...]:
        """Return the shape of each input of the `network`, without the batch.

        Parameters
        ----------
        network
            "generator", "discriminator" or one of `networks`.
        """
        if network in self.networks:
            return self.values.input_shapes(network)
        source = self.source_shape or ()
        shapes = {NOISE: (self.noise_width,), IMAGE: self.image_shape, SOURCE: source}
        names = self.input_names(network)
        return tuple(shapes[x] if x in shapes else self.values.shape(x) for x in names)

    def input_names(self, network: str) -> tuple[str, ...]:
        """Return "noise", "image" or "source" for each input of the `network`, in their order.

        Other values have their own names.

        Parameters
        ----------
        network
            "generator" or "discriminator".
        """
        values = self.inputs if network == "generator" else self.sees[REAL]
        return tuple(IMAGE if value == REAL else value for value in values)

    @cached_property
    def roles(self) -> dict[str, int]:
        """The number of each network, by name, which selects its random streams.

        The generator is 0, the discriminator 1; further networks follow in their order.
        """
        return {name: number for number, name in enumerate((*SIDES, *self.networks))}

    def spec_of(self, network: str) -> Spec | Native:
        """Return the layers of a network, or a native one; UnknownName without it.

        `network` is one of `roles`, or "average", whose layers are the generator's.
        """
        if network in SIDES:
            spec: Spec | Native = getattr(self, network)
            return spec
        if network == "average":
            return self.generator
        if network not in self.networks:
            raise UnknownName("network", network, list(self.roles))
        return self.networks[network].layers

    def side_of(self, network: str) -> Side:
        """Return the side whose update moves a `network`, one of `roles`."""
        if network in SIDES:
            return network
        self.spec_of(network)
        return self.networks[network].side

    def networks_of(self, side: Side) -> tuple[str, ...]:
        """Return the networks that the update of a `side` moves, the one of that name first."""
        return tuple(name for name in self.roles if self.side_of(name) == side)

    def criticises(self, network: str) -> bool:
        """Return whether a `network`, one of `roles` or "average", makes logits, in rows."""
        return any(critique.network == network for critique in self.critiques)

    def optimizer_of(self, network: str) -> Optimizer:
        """Return the optimizer of a `network`, that of its side."""
        optimizer: Optimizer = getattr(self, f"{self.side_of(network)}_optimizer")
        return optimizer

    @cached_property
    def values(self) -> Values:
        """The values of an update, and the passes that make them."""
        return Values(self)

    @cached_property
    def critiques(self) -> tuple[Critique, ...]:
        """The adversarial losses; the first is that of the discriminator on what it sees."""
        weights = {side: self.adversarial_weight(side) for side in SIDES}
        main = {side: weight for side, weight in weights.items() if weight is not None}
        found = [Critique("discriminator", self.sees, main)]
        for term in further_adversarial(self.terms, self.sees):
            name = term.by or "discriminator"
            count = sum(each.network == name for each in found)
            number = count + (len(self.penalties) if name == "discriminator" else 0)
            sees = {"real": term.real or self.sees["real"], "fake": term.fake or self.sees["fake"]}
            found.append(Critique(name, sees, dict.fromkeys(term.sides, term.weight), number))
        return tuple(found)

    def logits_of(self, network: str, outputs: Array) -> Array:
        """Return the `(n,)` logits of the `outputs`, in rows, of a `network` that makes logits."""
        if network == "discriminator":
            return self.image_logits(outputs)
        mean: Array = outputs.reshape(len(outputs), -1).mean(axis=1)
        return mean

    @property
    def sees_values(self) -> bool:
        """Whether the discriminator sees other values than images and sources."""
        return any(
            {*self.sees[half]} - {half, SOURCE} or self.sees[half][0] != half for half in SEES
        )

    @property
    def sees_images(self) -> bool:
        """Whether the first values that the discriminator takes are images, real and generated."""
        return self.sees[REAL][0] == REAL and self.sees[FAKE][0] == FAKE

    @property
    def takes_noise(self) -> bool:
        """Whether the generator takes noise."""
        return NOISE in self.inputs

    @property
    def noise_position(self) -> int:
        """Number of the noise among `inputs`; 0 without noise."""
        return self.inputs.index(NOISE) if self.takes_noise else 0

    @property
    def takes_source(self) -> bool:
        """Whether the generator takes sources."""
        return SOURCE in self.inputs

    def generator_inputs(self, noise: Any, source: Any) -> Any:  # noqa: ANN401 - of any framework.
        """Return what the generator is called with.

        Parameters
        ----------
        noise
            `(n, noise_width)`.
        source
            `(n, *source_shape)` in [-1, 1]; None if it takes no sources.
        """
        if not self.takes_source:
            return noise
        if source is None:
            raise ConfigError("source: got None; the generator takes sources")
        values = {NOISE: noise, SOURCE: source}
        given = tuple(values[name] for name in self.inputs)
        return given if len(given) > 1 else given[0]

    @property
    def sees_source(self) -> bool:
        """Whether the discriminator takes the source beside the image."""
        return SOURCE in self.sees[REAL]

    @property
    def generator_uses_real(self) -> bool:
        """Whether the generator's update uses real images."""
        return REAL in self.values.needed("generator")

    @cached_property
    def _frozen(self) -> dict[str, frozenset[int]]:
        return frozen_layers(self.freeze)

    @cached_property
    def followers(self) -> dict[str, Follower]:
        """What follows the discriminator's logits, by its name in the state.

        ADA is the probability of an adaptive augmentation, LOSS the follower of the loss.
        """
        found: dict[str, Follower] = {}
        if (augment := self.augment) and augment.adaptive:
            found[ADA] = AdaptiveProbability(augment.target, augment.images, augment.every)
        if self.loss.follower:
            found[LOSS] = self.loss.follower
        return found

    @property
    def shares_generated(self) -> bool:
        """Whether a step's last two updates see the same generated images.

        They do if images depend on the noise alone, and both updates get the same noise. Dropout,
        sources and labels differ between updates; of a native network it is unknown. Running state
        does not matter: it changes after the pass.
        """
        spec = self.generator
        if not isinstance(spec, tuple) or self.fresh_noise or layers.uses_labels(spec):
            return False
        if self.takes_source or self.passes:
            return False
        places = _places_of(self, "generator")
        return not any(isinstance(place.layer, layers.Dropout) for place in places)

    @cached_property
    def shared_penalties(self) -> dict[Half, list[int]]:
        """The penalties that share the discriminator's adversarial pass, by half of its batch.

        They are due in every update, and take the gradient at that half's own images. Dropout and
        batch statistics differ from pass to pass, so nothing is shared if the discriminator has
        either; what a native network has is unknown.
        """
        spec = self.discriminator
        if not isinstance(spec, tuple):
            return {}
        per_pass = (layers.BatchNorm, layers.MinibatchStd, layers.Dropout)
        places = _places_of(self, "discriminator")
        if any(isinstance(place.layer, per_pass) for place in places):
            return {}
        halves: dict[Half, list[int]] = {}
        for number, penalty in enumerate(self.penalties):
            if penalty.every == 1 and penalty.where in HALVES:
                halves.setdefault(penalty.half, []).append(number)
        return halves

    @cached_property
    def separate_penalties(self) -> dict[int, Penalty]:
        """The other penalties, by number; each takes its gradient in a separate pass."""
        shared = {number for numbers in self.shared_penalties.values() for number in numbers}
        return {i: penalty for i, penalty in enumerate(self.penalties) if i not in shared}

    def needs(self) -> frozenset[str]:
        """Return the capabilities that a backend needs to build this."""
        networks = tuple(map(self.spec_of, self.roles))
        optimizers_ = (self.generator_optimizer, self.discriminator_optimizer)
        asked = {
            "average": self.average is not None,
            "native": not all(isinstance(net, tuple) for net in networks),
            "class-logits": self.auxiliary > 0,
            "heads": bool(self.heads) or any(term.has_head for term in self.terms),
            "features": any(term.kind in (MATCHING, PULLING) for term in self.terms),
            "sources": self.source is not None,
            "networks": bool(self.networks or self.passes) or self.sees_values,
            "logit-maps": len(self.discriminator_output_shape) > 1,
            "label-vectors": bool(self.conditions),
            "mixed": self.mixed,
            "distributed": self.world.size > 1,
            "input-gradients": bool(self.penalties),
            "augment": bool(self.augment or self.noisy or self.flip),
            "freeze": bool(self.freeze),
            "adaptive": bool(self.augment and self.augment.adaptive),
            "followers": self.loss.follower is not None,
            "rmsprop": any(isinstance(optimizer, RMSprop) for optimizer in optimizers_),
            "clip": any(optimizer.clip is not None for optimizer in optimizers_),
            "beta2-schedule": any(
                isinstance(optimizer, Adam) and isinstance(optimizer.beta2, Schedule)
                for optimizer in optimizers_
            ),
        }
        specs = [layers.capabilities(net) for net in networks if isinstance(net, tuple)]
        needed = {name for name, wanted in asked.items() if wanted}
        return frozenset(needed.union({self.precision}, *specs))

    @property
    def noisy(self) -> bool:
        """Whether instance noise is added to the discriminator's inputs."""
        return max(ends(self.instance_noise)) > 0

    @property
    def generator_classes(self) -> int:
        """Number of classes of a class-conditional generator, else 0."""
        return self.generator_labels.classes

    @cached_property
    def label_format(self) -> LabelFormat:
        """The form of the labels."""
        return LabelFormat(self.classes, len(self.conditions), self.takes_unlabelled)

    def labels_in_turn(self, n: int) -> AnyLabels | None:
        """Return the labels that the generator takes by default for `n` images; None for none.

        Each class in turn, or scaled vectors over the ranges of the conditions.
        """
        if self.generator_labels.columns:
            return scaled(self.conditions, spread(self.conditions, n))
        return np.arange(n) % self.generator_classes if self.generator_classes else None

    @property
    def generator_labels(self) -> LabelFormat:
        """The form of the labels that the generator takes; empty if it takes none."""
        takes_labels = not isinstance(self.generator, tuple) or layers.uses_labels(self.generator)
        return self.label_format if takes_labels else NO_LABELS

    @cached_property
    def discriminator_output_shape(self) -> Shape:
        """Shape of the discriminator's output for one image.

        It is the logit with the heads' columns, or of layers without heads a map of logits,
        `(height, width, 1)`.
        """
        spec, heads = self.discriminator, sum(self.all_heads.values())
        inputs = self.input_shapes("discriminator")
        made = layers.output_shape(spec, inputs) if isinstance(spec, tuple) else ()
        is_map = len(made) == 3 and made[-1] == 1 and not heads
        return made if is_map else (1 + heads,)

    @property
    def logits_per_image(self) -> int:
        """Number of logits of an image: 1, or those of a map."""
        shape = self.discriminator_output_shape
        return math.prod(shape) if len(shape) > 1 else 1

    def image_logits(self, outputs: Array) -> Array:
        """Return the `(n,)` logits of images, the mean of a map.

        Parameters
        ----------
        outputs
            `(n, 1 + columns of heads)`, or with a map `(n, logits_per_image)`: the outputs of the
            discriminator as rows.
        """
        count = self.logits_per_image
        mean: Array = outputs[:, :count].mean(axis=1) if count > 1 else outputs[:, 0]
        return mean

    @cached_property
    def noise_width(self) -> int:
        """Number of columns of the noise: `latent` normal numbers, and those of the codes.

        It is 0 if the generator takes no noise.
        """
        return self.latent + codes.width(self.codes) if self.takes_noise else 0

    @cached_property
    def code_columns(self) -> dict[str, slice]:
        """The columns of each code in the noise, by its name."""
        return codes.columns([(code.name, code.size) for code in self.codes], self.latent)

    @cached_property
    def all_heads(self) -> dict[str, int]:
        """The heads of the discriminator, that of an auxiliary classifier first."""
        own = {CLASS: self.classes} if self.auxiliary else {}
        return own | dict(self.heads)

    @cached_property
    def head_columns(self) -> dict[str, slice]:
        """The columns of each head in the discriminator's outputs, by its name."""
        return codes.columns(self.all_heads.items(), 1)

    def columns_of(self, head: str) -> slice:
        """Return the columns of `head` in the discriminator's outputs; ConfigError without it."""
        if head == CLASS and head not in self.head_columns:
            raise ConfigError("the discriminator has no classifier; set `auxiliary`")
        if head not in self.head_columns:
            raise UnknownName("head", head, sorted(self.head_columns))
        return self.head_columns[head]

    def terms_of(self, side: Side) -> list[Term]:
        """Return the terms of the loss of one `side`, those of an auxiliary classifier first.

        The adversarial one is not among them: see `adversarial_weight`.
        """
        terms = (*self._auxiliary_terms, *self.terms)
        return [term for term in terms if side in term.sides and term.kind != ADVERSARIAL]

    def adversarial_weight(self, side: Side) -> float | None:
        """Return the weight of the adversarial loss of one `side`; None if it has none."""
        named = main_adversarial(self.terms, self.sees)
        if named is None:
            return 1.0
        return named.weight if side in named.sides else None

    @cached_property
    def generator_sees_real(self) -> bool:
        """Whether the discriminator sees both halves in the generator's update, in one pass."""
        adversarial = self.adversarial_weight("generator") is not None
        return (self.loss.paired and adversarial) or self.matches_features

    def layers_of(self, term: Term) -> int:
        """Return how many of the discriminator's layers make the features that `term` compares."""
        count = len(self.discriminator)  # type: ignore[arg-type]
        return term.layer % count + 1

    def reads_heads(self, side: Side) -> bool:
        """Return whether a term of one `side` compares outputs of a head."""
        return any(term.has_head for term in self.terms_of(side))

    @property
    def matches_features(self) -> bool:
        """Whether a term compares features of the discriminator."""
        return any(term.kind == MATCHING for term in self.terms)

    @cached_property
    def loss_columns(self) -> tuple[str, ...]:
        """The columns of the losses: "discriminator", "generator", then each update's values."""
        sides = loss_columns.NETWORKS
        return (*sides, *itertools.chain.from_iterable(map(self.values_after, sides)))

    def values_after(self, side: Side) -> tuple[str, ...]:
        """Return the names of what an update of `side` returns after its loss.

        They are its terms, of the discriminator also the scalars that followers log, which have the
        names of the state.
        """
        terms = loss_columns.names(side, self.terms_of(side))
        return (*terms, *(self.logged_scalars if side == "discriminator" else ()))

    @cached_property
    def logged_scalars(self) -> tuple[str, ...]:
        """The scalars of followers that are columns of the losses, such as "loss/k"."""
        own = (logged(name, follower) for name, follower in self.followers.items())
        return tuple(itertools.chain.from_iterable(own))

    def term_values(self, losses: Array) -> dict[str, Array]:
        """Return the columns of the terms, `(K,)` by the name of each.

        `losses` are `(K, C)`, as a block returns them.
        """
        return dict(zip(self.loss_columns[2:], losses[:, 2:].T, strict=True))

    @property
    def classifies(self) -> bool:
        """Whether a term compares the discriminator's outputs with the labels."""
        return any(term.to == LABEL for term in (*self._auxiliary_terms, *self.terms))

    @cached_property
    def takes_unlabelled(self) -> bool:
        """Whether a label may be -1, none: no network takes labels, and only reals have terms."""
        networks = (self.generator, self.discriminator)
        conditional = not all(
            isinstance(network, tuple) and not layers.uses_labels(network) for network in networks
        )
        own = [term for term in (*self._auxiliary_terms, *self.terms) if term.to == LABEL]
        return self.classes > 0 and not conditional and all(term.half == "real" for term in own)

    @cached_property
    def _auxiliary_terms(self) -> tuple[Term, ...]:
        """The terms that an auxiliary classifier is short for."""
        if not self.auxiliary:
            return ()
        fake, real, weight = f"fake/{CLASS}", f"real/{CLASS}", self.auxiliary
        return (
            Term("cross-entropy", fake, LABEL, ("generator", "discriminator"), weight),
            Term("cross-entropy", real, LABEL, ("discriminator",), weight),
        )


def _check_numbers(problem: Problem) -> None:
    """Raise ConfigError for numbers out of range."""
    if problem.latent < 1:
        raise ConfigError(f"latent: got {problem.latent}; expected at least 1")
    if len(problem.image_shape) != 3 or min(problem.image_shape) < 1:
        raise ConfigError(
            f"image_shape: got {problem.image_shape}; expected (height, width, channels)"
        )
    if not problem.auxiliary >= 0:
        raise ConfigError(f"auxiliary: got {problem.auxiliary}; expected at least 0")
    if problem.classes < 0:
        raise ConfigError(f"classes: got {problem.classes}; expected at least 0")
    if problem.classes and problem.conditions:
        raise ConfigError(
            f"conditions: got {len(problem.conditions)} with {problem.classes} classes; expected "
            "one of them: a label is a class or a vector"
        )
    check_names("conditions", [condition.name for condition in problem.conditions])
    check_rate("instance_noise", problem.instance_noise)
    if problem.mixed and problem.precision != "float32":
        raise ConfigError(
            f"precision: got {problem.precision!r} with mixed=True; expected 'float32'"
        )
    if problem.auxiliary and not problem.classes:
        raise ConfigError(
            f"auxiliary: got {problem.auxiliary} but the data has no classes; give labels"
        )


def _check_networks(problem: Problem) -> None:
    """Raise ConfigError unless each spec has weights and the right output and labels."""
    for name in problem.roles:
        spec, inputs = problem.spec_of(name), problem.input_shapes(name)
        if isinstance(spec, tuple):
            try:
                made = layers.output_shape(spec, inputs)
            except ConfigError as error:
                raise ConfigError(f"{name}: {error}") from None
            if all(map(layers.is_running, _shapes_of(problem, name))):
                raise ConfigError(f"{name}: got no weights to train; add a layer that has some")
            if layers.uses_labels(spec) and problem.auxiliary and name == "discriminator":
                raise ConfigError("auxiliary needs a discriminator without layers that take labels")
            if layers.uses_labels(spec) and not problem.label_format:
                raise ConfigError(
                    f"{name}: got a class-conditional network, but the data has no labels"
                )
            if name in problem.networks:
                continue
            wanted = (
                problem.image_shape if name == "generator" else problem.discriminator_output_shape
            )
            if made != wanted:
                more = ""
                if name == "discriminator":
                    heads = _heads_in_words(problem)
                    more = f", a logit and {heads}" if heads else ", or (height, width, 1), a map"
                given = inputs[0] if len(inputs) == 1 else inputs
                raise ConfigError(
                    f"{name} output: got {made} for inputs of {given}; expected {wanted}{more}"
                )


def _heads_in_words(problem: Problem) -> str:
    """Return the sizes of the heads, for messages."""
    own = [counted(problem.classes, "class", "classes")] if problem.auxiliary else []
    return ", ".join([*own, *(f"{size} of {name!r}" for name, size in problem.heads.items())])


def _check_frozen(problem: Problem) -> None:
    """Raise ConfigError unless each frozen layer is there, and both networks can train."""
    for part in problem.freeze:
        name, positions = layers_of(part)
        if name not in problem.roles:
            names = ", ".join(problem.roles)
            raise ConfigError(f"freeze: got {part!r}; expected layers of a network: {names}")
        spec, shapes = problem.spec_of(name), _shapes_of(problem, name)
        if not isinstance(spec, tuple):
            raise ConfigError(
                f"freeze: got {part!r} for a native network; freeze its weights with its framework"
            )
        if positions[-1] >= len(spec):
            raise ConfigError(
                f"freeze: got {part!r}; expected layers 0 to {len(spec) - 1} of the {name}"
            )
        if not any(int(array.partition(".")[0]) in positions for array in shapes):
            raise ConfigError(f"freeze: got {part!r}, which has no weights; name other layers")
        if not any(problem.trains(name, array) for array in shapes):
            raise ConfigError(
                f"freeze: got all weights of the {name}; expected some that are left to train"
            )


def _shapes_of(problem: Problem, name: str) -> dict[str, Shape]:
    """Return the shapes of a network's arrays; none if it is native."""
    spec = problem.spec_of(name)
    if not isinstance(spec, tuple):
        return {}
    return layers.weight_shapes(spec, problem.input_shapes(name), problem.label_format.width)


def _places_of(problem: Problem, name: str) -> list[layers.Place]:
    """Return the places of a network's layers; none if it is native."""
    spec = problem.spec_of(name)
    return layers.walk(spec, problem.input_shapes(name)) if isinstance(spec, tuple) else []


def _check_epsilons(problem: Problem) -> None:
    """Raise ConfigError for an epsilon too small for the precision: some frameworks make it 0."""
    smallest = float(np.finfo(problem.precision).smallest_normal)
    for owner, epsilon in _epsilons(problem):
        if epsilon < smallest:
            raise ConfigError(
                f"epsilon of {owner}: got {epsilon}; expected at least {smallest:.3g}, "
                f"the smallest normal {problem.precision}"
            )


def _epsilons(problem: Problem) -> Iterator[tuple[str, float]]:
    """Yield every epsilon of the problem, with the name of its owner."""
    for name in problem.roles:
        for place in _places_of(problem, name):
            if isinstance(place.layer, BatchNorm | LayerNorm | InstanceNorm | MinibatchStd):
                yield f"the {name}'s layer {place.name}, {place.layer.layer}", place.layer.epsilon
        optimizer = problem.optimizer_of(name)
        if name in SIDES and not isinstance(optimizer, SGD):
            yield f"the {name}'s optimizer", optimizer.epsilon
    for i, penalty in enumerate(problem.penalties):
        if penalty.target:
            yield f"penalty {i}", penalty.epsilon
