"""The specification that a backend builds a trainer from."""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit import layers, optimizers
from gankit._text import counted
from gankit._utils.field_types import as_tuple, check_fields
from gankit._utils.plain_numbers import plain_numbers
from gankit._utils.state import State, add_prefix, strip_prefix
from gankit.augment import HALVES, Half
from gankit.conditions import scaled, spread
from gankit.contract import random_streams
from gankit.contract.label_format import AnyLabels
from gankit.contract.network_inputs import NOISE, SOURCE, as_sees
from gankit.contract.problem_checks import check_pixels, check_problem
from gankit.contract.shaped_specification import ShapedSpecification
from gankit.contract.specification import Array
from gankit.contract.term_checks import main_adversarial
from gankit.errors import ConfigError, shown
from gankit.layers import as_spec, is_spec
from gankit.optimizers import Adam, RMSprop
from gankit.penalties import Penalty
from gankit.schedules import Schedule
from gankit.terms import MATCHING, PULLING

TUPLES = ("penalties", "image_shape", "freeze", "codes", "terms", "inputs", "conditions")
"""Fields that may be given as a list, or as one thing."""


@dataclass(frozen=True)
@plain_numbers
class Problem(ShapedSpecification):
    """The specification that a backend builds a trainer from.

    Its attributes are those of `Specification` and `Options`.
    """

    def __post_init__(self) -> None:
        """Raise ConfigError, in one line, for a problem that cannot be built."""
        for name in ("generator", "discriminator"):
            network = getattr(self, name)
            if is_spec(network):
                object.__setattr__(self, name, as_spec(network, name))
        for name in TUPLES:
            object.__setattr__(self, name, as_tuple(getattr(self, name)))
        if self.source_shape is not None:
            object.__setattr__(self, "source_shape", as_tuple(self.source_shape))
        object.__setattr__(self, "sees", as_sees(self.sees))
        check_fields(self)
        check_problem(self)

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
            weights = sum(map(math.prod, self.weight_shapes(role).values()))
            size = f"{counted(len(network), 'layer')}, {counted(weights, 'weight')}"
        return f"{size}, {type(getattr(self, f'{role}_optimizer')).__name__}"

    @cached_property
    def pixels(self) -> Array:
        """The value in [-1, 1] of each of the 256 grey levels: (level - 127.5) / 127.5."""
        return ((np.arange(256) - 127.5) / 127.5).astype(self.precision)

    def scale(self, images: NDArray[Any]) -> Array:
        """Return `images` in [-1, 1]: uint8 is converted, real numbers are returned unchanged.

        ConfigError for bool and for other integers, whose range is unknown.
        """
        if images.dtype == np.uint8:
            return np.take(self.pixels, images)
        check_pixels(np.asarray(images).dtype)
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
        places = self.places("generator")
        return not any(isinstance(place.layer, layers.Dropout) for place in places)

    @cached_property
    def has_equal_passes(self) -> bool:
        """Whether the discriminator's outputs for an image are those of any pass of an update.

        Dropout and batch statistics differ from pass to pass; what a native network has is unknown.
        """
        per_pass = (layers.BatchNorm, layers.MinibatchStd, layers.Dropout)
        places = self.places("discriminator")
        return bool(places) and not any(isinstance(place.layer, per_pass) for place in places)

    @property
    def real_logits_are_constant(self) -> bool:
        """Whether the generator's update needs no gradient of the logits of real images.

        A pass without it makes them; but if passes differ, or if the generator's side makes a part
        of what is seen, one pass makes the logits of both halves.
        """
        made = self.values.made("generator")
        return self.has_equal_passes and not any(name in made for name in self.sees["real"])

    @cached_property
    def shared_penalties(self) -> dict[Half, list[int]]:
        """The penalties that share the discriminator's adversarial pass, by half of its batch.

        They are due in every update, and take the gradient at that half's own images. If passes
        differ, nothing is shared.
        """
        if not self.has_equal_passes:
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
            "features": any(term.kind in (MATCHING, PULLING) for term in self.terms)
            or main_adversarial(self.terms, self.sees) is not None,
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

    def labels_in_turn(self, n: int) -> AnyLabels | None:
        """Return the labels that the generator takes by default for `n` images; None for none.

        Each class in turn, or scaled vectors over the ranges of the conditions.
        """
        if self.generator_labels.columns:
            return scaled(self.conditions, spread(self.conditions, n))
        return np.arange(n) % self.generator_classes if self.generator_classes else None
