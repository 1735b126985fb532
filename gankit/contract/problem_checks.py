"""Whether a problem can be built: its numbers, networks and layers; and its images be scaled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gankit import layers, optimizers
from gankit._text import counted
from gankit.contract import random_streams
from gankit.contract.frozen_layers import layers_of
from gankit.contract.shaped_specification import ShapedSpecification
from gankit.contract.source_checks import check_inputs, check_sources
from gankit.contract.term_checks import (
    check_adversarial,
    check_codes,
    check_features,
    check_heads,
    check_names,
    check_term,
)
from gankit.contract.value_checks import check_networks, check_passes, check_sees, check_terms
from gankit.errors import ConfigError
from gankit.layers import BatchNorm, InstanceNorm, LayerNorm, MinibatchStd, ReconstructionLogit
from gankit.optimizers import SGD
from gankit.schedules import check_rate
from gankit.terms import INFORMATION, SIDES


def check_problem(problem: ShapedSpecification) -> None:
    """Raise ConfigError, in one line, unless a problem can be built."""
    _check_numbers(problem)
    check_codes(problem.codes)
    check_heads(problem.heads, auxiliary=problem.auxiliary > 0)
    check_inputs(problem.inputs, problem.sees)
    check_networks(problem)
    for number, term in enumerate(problem.terms):
        check_term(term, number, problem.all_heads, problem.codes, problem.label_format)
    check_adversarial(problem.terms, problem.sees)
    check_features(problem.terms, problem.discriminator)
    check_sources(problem)
    check_sees(problem)
    check_terms(problem)
    check_passes(problem)
    _check_views(problem)
    _check_layers(problem)
    _check_frozen(problem)
    optimizers.check(problem.generator_optimizer)
    optimizers.check(problem.discriminator_optimizer)
    _check_epsilons(problem)
    random_streams.check_seed(problem.seed)


def _check_numbers(problem: ShapedSpecification) -> None:
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


def _check_views(problem: ShapedSpecification) -> None:
    """Raise ConfigError if a term compares two views of an image, and nothing makes them differ."""
    if problem.compares_views and not (problem.augment or problem.noisy):
        raise ConfigError(
            f"augment: got none with a term of the kind {INFORMATION!r}; expected an augmentation "
            "or instance noise, which make the two views of an image"
        )


def _check_layers(problem: ShapedSpecification) -> None:
    """Raise ConfigError unless each spec has weights and the right output and labels."""
    for name in problem.roles:
        spec, inputs = problem.spec_of(name), problem.input_shapes(name)
        if isinstance(spec, tuple):
            try:
                made = layers.output_shape(spec, inputs)
            except ConfigError as error:
                raise ConfigError(f"{name}: {error}") from None
            if all(map(layers.is_running, problem.weight_shapes(name))):
                raise ConfigError(f"{name}: got no weights to train; add a layer that has some")
            if layers.uses_labels(spec) and problem.auxiliary and name == "discriminator":
                raise ConfigError("auxiliary needs a discriminator without layers that take labels")
            if layers.uses_labels(spec) and not problem.label_format:
                raise ConfigError(
                    f"{name}: got a class-conditional network, but the data has no labels"
                )
            if name in problem.networks:
                continue
            if name == "discriminator" and isinstance(spec[-1], ReconstructionLogit):
                _check_no_heads(problem)
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


def _check_no_heads(problem: ShapedSpecification) -> None:
    """Raise ConfigError if a discriminator whose logit is a reconstruction's error has heads."""
    if problem.all_heads:
        raise ConfigError(
            f"heads: got {', '.join(problem.all_heads)}, but the discriminator ends in "
            "reconstruction-logit, which makes a logit alone; leave the heads out"
        )


def _heads_in_words(problem: ShapedSpecification) -> str:
    """Return the sizes of the heads, for messages."""
    own = [counted(problem.classes, "class", "classes")] if problem.auxiliary else []
    return ", ".join([*own, *(f"{size} of {name!r}" for name, size in problem.heads.items())])


def _check_frozen(problem: ShapedSpecification) -> None:
    """Raise ConfigError unless each frozen layer is there, and both networks can train."""
    for part in problem.freeze:
        name, positions = layers_of(part)
        if name not in problem.roles:
            names = ", ".join(problem.roles)
            raise ConfigError(f"freeze: got {part!r}; expected layers of a network: {names}")
        spec, shapes = problem.spec_of(name), problem.weight_shapes(name)
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


def _check_epsilons(problem: ShapedSpecification) -> None:
    """Raise ConfigError for an epsilon too small for the precision: some frameworks make it 0."""
    smallest = float(np.finfo(problem.precision).smallest_normal)
    for owner, epsilon in _epsilons(problem):
        if epsilon < smallest:
            raise ConfigError(
                f"epsilon of {owner}: got {epsilon}; expected at least {smallest:.3g}, "
                f"the smallest normal {problem.precision}"
            )


def _epsilons(problem: ShapedSpecification) -> Iterator[tuple[str, float]]:
    """Yield every epsilon of the problem, with the name of its owner."""
    for name in problem.roles:
        for place in problem.places(name):
            if isinstance(place.layer, BatchNorm | LayerNorm | InstanceNorm | MinibatchStd):
                yield f"the {name}'s layer {place.name}, {place.layer.layer}", place.layer.epsilon
        optimizer = problem.optimizer_of(name)
        if name in SIDES and not isinstance(optimizer, SGD):
            yield f"the {name}'s optimizer", optimizer.epsilon
    for i, penalty in enumerate(problem.penalties):
        if penalty.target:
            yield f"penalty {i}", penalty.epsilon


def check_pixels(dtype: np.dtype[Any]) -> None:
    """Raise ConfigError for images of integers other than uint8, or of bool: of unknown range."""
    if dtype.kind in "biu" and dtype != np.uint8:
        raise ConfigError(
            f"images: got {dtype}; expected uint8, or real numbers in [-1, 1]; give uint8 levels "
            "from 0 to 255"
        )
