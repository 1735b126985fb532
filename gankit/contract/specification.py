"""What is trained: the fields of a problem, and what follows from them without shapes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit import codes, layers
from gankit.augment import HALVES, View
from gankit.conditions import Condition
from gankit.contract import loss_columns
from gankit.contract.critique import Critique
from gankit.contract.frozen_layers import frozen_layers
from gankit.contract.label_format import NO_LABELS, LabelFormat
from gankit.contract.network_inputs import IMAGE, INPUTS, NOISE, REAL, SEES, SOURCE
from gankit.contract.options import Options
from gankit.contract.term_checks import further_adversarial, main_adversarial
from gankit.contract.world import ALONE, World
from gankit.errors import ConfigError, UnknownName
from gankit.followers import ADA, LOSS, AdaptiveProbability, Follower, logged
from gankit.layers import Shape, Spec
from gankit.losses import Loss
from gankit.optimizers import Optimizer
from gankit.schedules import ends
from gankit.terms import ADVERSARIAL, CLASS, FAKE, INFORMATION, LABEL, MATCHING, SIDES, Side, Term

Native: TypeAlias = object
"""A network of the backend's framework: an `nn.Module`, a `keras.Model`."""
Array: TypeAlias = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Specification(Options):
    """What is trained, besides its `Options`: a `Problem` before it is checked.

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

    def optimizer_of(self, network: str) -> Optimizer:
        """Return the optimizer of a `network`, that of its side."""
        optimizer: Optimizer = getattr(self, f"{self.side_of(network)}_optimizer")
        return optimizer

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

    @property
    def sees_source(self) -> bool:
        """Whether the discriminator takes the source beside the image."""
        return SOURCE in self.sees[REAL]

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

    def criticises(self, network: str) -> bool:
        """Return whether a `network`, one of `roles` or "average", makes logits, in rows."""
        return any(critique.network == network for critique in self.critiques)

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
    def noisy(self) -> bool:
        """Whether instance noise is added to the discriminator's inputs."""
        return max(ends(self.instance_noise)) > 0

    @cached_property
    def label_format(self) -> LabelFormat:
        """The form of the labels."""
        return LabelFormat(self.classes, len(self.conditions), self.takes_unlabelled)

    @cached_property
    def takes_unlabelled(self) -> bool:
        """Whether a label may be -1, none: no network takes labels, and only reals have terms."""
        networks = map(self.spec_of, self.roles)
        conditional = not all(
            isinstance(network, tuple) and not layers.uses_labels(network) for network in networks
        )
        own = [term for term in (*self._auxiliary_terms, *self.terms) if term.to == LABEL]
        return self.classes > 0 and not conditional and all(term.half == "real" for term in own)

    @property
    def generator_labels(self) -> LabelFormat:
        """The form of the labels that the generator takes; empty if it takes none."""
        takes_labels = not isinstance(self.generator, tuple) or layers.uses_labels(self.generator)
        return self.label_format if takes_labels else NO_LABELS

    @property
    def generator_classes(self) -> int:
        """Number of classes of a class-conditional generator, else 0."""
        return self.generator_labels.classes

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

    @cached_property
    def compares_views(self) -> bool:
        """Whether a term compares two views of a real image."""
        return any(term.kind == INFORMATION for term in self.terms)

    @property
    def views(self) -> tuple[View, ...]:
        """What the discriminator sees augmented: both halves, "again" the real one once more."""
        return (*HALVES, "again") if self.compares_views else HALVES

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
    def _auxiliary_terms(self) -> tuple[Term, ...]:
        """The terms that an auxiliary classifier is short for."""
        if not self.auxiliary:
            return ()
        fake, real, weight = f"fake/{CLASS}", f"real/{CLASS}", self.auxiliary
        return (
            Term("cross-entropy", fake, LABEL, ("generator", "discriminator"), weight),
            Term("cross-entropy", real, LABEL, ("discriminator",), weight),
        )
