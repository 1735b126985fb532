"""Warnings of likely mistakes in the networks.

Each is one function, which returns a sentence with the remedy, or None. Native networks cannot be
inspected here, so two functions call them instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from gankit._text import counted
from gankit.conditions import scaled, spread
from gankit.contract import AnyLabels, Array, Network, Problem
from gankit.contract.random_streams import Stream, generator
from gankit.launch.checks.run_start import Start
from gankit.layers import (
    BatchNorm,
    Flatten,
    Layer,
    ReLU,
    Reshape,
    Shapes,
    Sigmoid,
    Spec,
    Tanh,
    uses_labels,
    walk,
)
from gankit.losses import BUILTIN, LEAST_SQUARES

LARGE_INPUTS = 100.0
"""Scale of the inputs on which native networks are called, relative to noise."""
LARGE_INPUT_COUNT = 16
"""Number of these inputs."""
LOGIT_LOSSES = frozenset(loss.name for loss in BUILTIN if loss is not LEAST_SQUARES)
"""Losses of unbounded logits. Least squares has targets 0 and 1."""
NEVER_NEGATIVE = {Sigmoid: "a sigmoid", ReLU: "a relu"}
BOUNDED = {Sigmoid: "a sigmoid", Tanh: "a tanh"}


def batch_norm_of_one(start: Start) -> str | None:
    """Warn of batch normalisation over a single value per channel: its output is constant."""
    if start.batch > 1:
        return None
    for name, network, shape in _networks(start.problem):
        places = _norms(network, shape) if isinstance(network, tuple) else _native_norms(network)
        if place := next(places, None):
            return (
                f"the {name}'s {place} is a batch normalisation of one value per channel at "
                "batch 1, so its output never changes; use batches of 2 or more, or layer "
                "normalisation"
            )
    return None


def bounded_logits(start: Start) -> str | None:
    """Warn of a discriminator that ends in a sigmoid under a loss of logits."""
    problem = start.problem
    if problem.loss.name not in LOGIT_LOSSES:
        return None
    if isinstance(problem.discriminator, tuple):
        end = BOUNDED.get(type(_last(problem.discriminator)))
    else:
        outputs = _outputs_of_large_inputs(problem, "discriminator", start.trainer.discriminator)
        end = "a sigmoid" if outputs.min() >= 0 and outputs.max() <= 1 else None
    return end and (
        f"the discriminator ends in {end}, but the loss {problem.loss.name!r} needs unbounded "
        "logits; remove it"
    )


def images_above_zero(start: Start) -> str | None:
    """Warn of a generator that ends in a sigmoid, so no pixel is below mid-grey."""
    problem = start.problem
    if isinstance(problem.generator, tuple):
        end = NEVER_NEGATIVE.get(type(_last(problem.generator)))
    else:
        outputs = _outputs_of_large_inputs(problem, "generator", start.trainer.generator)
        end = "a sigmoid or a relu" if outputs.min() >= 0 else None
    return end and (
        f"the generator ends in {end}, so no pixel is below 0, which is mid-grey; "
        "images are in [-1, 1]: end in a tanh"
    )


def unused_labels(start: Start) -> str | None:
    """Warn of labels that no network uses, so the run is not class-conditional."""
    problem = start.problem
    networks = [problem.spec_of(name) for name in problem.roles]
    specs = [network for network in networks if isinstance(network, tuple)]
    used = problem.classifies or len(specs) < 2 or any(map(uses_labels, specs))
    if not problem.label_format or used:
        return None
    what = f"labels are vectors of {counted(len(problem.conditions), 'number')}"
    if problem.classes:
        what = f"images have {counted(problem.classes, 'class', 'classes')}"
    return (
        f"the {what}, but no network uses labels; add Embedding to the generator and Projection to "
        "the discriminator, or give no labels"
    )


def _last(spec: Spec) -> Layer | None:
    """Return the last layer that changes values."""
    return next(
        (layer for layer in reversed(spec) if not isinstance(layer, Flatten | Reshape)), None
    )


def _networks(problem: Problem) -> tuple[tuple[str, Any, Shapes], ...]:
    return tuple(
        (name, problem.spec_of(name), problem.input_shapes(name)) for name in problem.roles
    )


def _norms(spec: Spec, shape: Shapes) -> Iterator[str]:
    """Yield the layers of specs that normalise a batch of one value per channel."""
    for place in walk(spec, shape):
        if isinstance(place.layer, BatchNorm) and math.prod(place.shape[:-1]) == 1:
            yield f"layer {place.name}"


def _native_norms(network: object) -> Iterator[str]:
    """Yield the same layers of a Keras model by name; torch itself refuses them."""
    layers = getattr(network, "layers", ())
    for layer in layers if isinstance(layers, list) else ():
        if type(layer).__name__ == "BatchNormalization":
            shape = getattr(getattr(layer, "input", None), "shape", ())
            if math.prod(side or 1 for side in shape[1:-1]) == 1:
                yield f"layer {layer.name!r}"
        yield from _native_norms(layer)


def _outputs_of_large_inputs(problem: Problem, name: str, network: Network) -> Array:
    """Return a native network's outputs for inputs so large that only a bound limits them.

    Real images may all have logits in [0, 1] by chance; on large inputs only a sigmoid's are.
    """
    random = generator(problem.seed, Stream.WATCHDOG, 1)
    inputs = tuple(
        LARGE_INPUTS * random.standard_normal((LARGE_INPUT_COUNT, *shape)).astype(problem.precision)
        for shape in problem.input_shapes(name)
    )
    labels: AnyLabels | None = None
    if problem.classes:
        labels = np.arange(LARGE_INPUT_COUNT) % problem.classes
    elif problem.conditions:
        labels = scaled(problem.conditions, spread(problem.conditions, LARGE_INPUT_COUNT))
    return np.asarray(network(inputs if len(inputs) > 1 else inputs[0], labels))
