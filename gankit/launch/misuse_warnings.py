"""What is likely a mistake although every number is allowed, looked at before the first step.

One function a check; each returns a sentence with the remedy, or None. Native networks cannot be
looked into from here, so two checks call them instead.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.callbacks.symptoms import HealthWarning
from gankit.contract import Array, Labels, Network, Problem, Trainer
from gankit.contract.random_streams import Stream, generator
from gankit.layers import BatchNorm, Flatten, Layer, ReLU, Reshape, Sigmoid, Spec, Tanh, walk

FEW = 200
"""Images, below which networks learn them by heart."""
DARK = 16
"""Levels of 256; images that stay below are nearly black."""
CHUNK = 64
"""Images looked at together."""
LOOKED = 512
"""Images that are looked at; of more than that, some at even distances."""
BYTES = 16 * 2**20
"""The most bytes of them."""
FAR = 100.0
"""How many times as large as noise the inputs are on which native networks are tried."""
TRIED = 16
"""How many such inputs there are."""
ON_LOGITS = frozenset({
    "nonsaturating", "minimax", "hinge", "wasserstein", "relativistic", "relativistic-average",
})  # fmt: skip
"""Losses whose logits have no bound. Least squares has its targets at 0 and 1."""
NEVER_NEGATIVE = {Sigmoid: "a sigmoid", ReLU: "a relu"}
BOUNDED = {Sigmoid: "a sigmoid", Tanh: "a tanh"}


@dataclass(frozen=True)
class Start:
    """A run before its first step.

    Attributes
    ----------
    images
        `(N, height, width, channels)` uint8, or real numbers in [-1, 1].
    labels
        `(N,)` classes, or None.
    batch
        Images of a step.
    """

    problem: Problem
    trainer: Trainer
    images: NDArray[Any]
    labels: Labels | None
    batch: int


def look(start: Start, record: Callable[[int, str], None] = lambda _step, _said: None) -> None:
    """Warn of each likely mistake by a HealthWarning; `record` keeps it, with the step 0."""
    for check in CHECKS:
        if said := check(start):
            record(0, said)
            warnings.warn(said, HealthWarning, stacklevel=2)


def few_images(start: Start) -> str | None:
    """Tell of a data set that networks can only learn by heart."""
    count, least = len(start.images), max(FEW, start.batch)
    if count >= least:
        return None
    told = "there is only 1 image" if count == 1 else f"there are only {count} images"
    return (
        f"{told}, and a batch has {start.batch}; networks learn so few by heart; check the path or "
        f"filter of the data, or give at least {least}"
    )


def constant_images(start: Start) -> str | None:
    """Tell of images that all are the same, or that are of one value each."""
    seen = _seen(start.images)
    if len(seen) > 1 and all((part == seen[:1]).all() for part in _chunks(seen)):
        return f"{_all(start)} are the same; check how they were read"
    if all((part == part[:, :1, :1, :1]).all() for part in _chunks(seen)):
        return f"{_all(start)} have one value at all their pixels; check how they were read"
    return None


def unit_range(start: Start) -> str | None:
    """Tell of images in [0, 1], where [-1, 1] is expected, and of uint8 that are 0 or 1."""
    seen = _seen(start.images)
    if seen.dtype == np.uint8:
        if all((part <= 1).all() for part in _chunks(seen)):
            return f"{_all(start)} hold uint8 of 0 and 1, so they look black; give images * 255"
        return None
    if all((part >= 0).all() for part in _chunks(seen)):
        return (
            f"{_all(start)} lie in [0, 1], so that black is mid-grey; images lie in [-1, 1]: give "
            "images * 2 - 1, or uint8"
        )
    return None


def dark_levels(start: Start) -> str | None:
    """Tell of uint8 that use the lowest levels alone, as numbers of 12 bits do if cut to 8."""
    seen = _seen(start.images)
    if seen.dtype != np.uint8:
        return None
    top = 0
    for part in _chunks(seen):
        if (top := max(top, int(part.max()))) >= DARK:
            return None
    if top < 2:  # Those of 0 and 1 are told of by `unit_range`.
        return None
    return (
        f"{_all(start)} have levels of at most {top} of 255, so they are nearly black; give "
        f"images * {255 // top}, or read them again with all their bits"
    )


def classes_without_images(start: Start) -> str | None:
    """Tell of classes that no image has, though a generator is asked for them."""
    if start.labels is None or not start.problem.classes:
        return None
    counts = np.bincount(start.labels, minlength=start.problem.classes)
    empty = np.flatnonzero(counts == 0)
    if not len(empty):
        return None
    named = ", ".join(map(str, empty[:5])) + (", ..." if len(empty) > 5 else "")
    return (
        f"{len(empty)} of {len(counts)} classes have no image: {named}; what is generated for them "
        "means nothing; number the classes anew"
    )


def batch_norm_of_one(start: Start) -> str | None:
    """Tell of batch normalisation over a single value a channel: its output is its offset."""
    if start.batch > 1:
        return None
    for name, network, shape in _networks(start.problem):
        places = _norms(network, shape) if isinstance(network, tuple) else _native_norms(network)
        if place := next(places, None):
            return (
                f"the {name}'s {place} is a batch normalisation of one value a channel at batch 1, "
                "so its output never changes; take a batch of 2 or more, or layer normalisation"
            )
    return None


def bounded_logits(start: Start) -> str | None:
    """Tell of a discriminator that ends in a sigmoid under a loss that takes logits."""
    problem = start.problem
    if problem.loss.name not in ON_LOGITS:
        return None
    if isinstance(problem.discriminator, tuple):
        told = BOUNDED.get(type(_last(problem.discriminator)))
    else:
        far = _far(problem, start.trainer.discriminator, problem.image_shape)
        told = "a sigmoid" if far.min() >= 0 and far.max() <= 1 else None
    return told and (
        f"the discriminator ends in {told}, but the loss {problem.loss.name!r} takes logits, which "
        "have no bound; remove it"
    )


def images_above_zero(start: Start) -> str | None:
    """Tell of a generator that ends in a sigmoid, so that it makes nothing below mid-grey."""
    problem = start.problem
    if isinstance(problem.generator, tuple):
        told = NEVER_NEGATIVE.get(type(_last(problem.generator)))
    else:
        far = _far(problem, start.trainer.generator, (problem.latent,))
        told = "a sigmoid or a relu" if far.min() >= 0 else None
    return told and (
        f"the generator ends in {told}, so no value of its images is below 0, which is mid-grey; "
        "images lie in [-1, 1]: end in a tanh"
    )


Check = Callable[[Start], str | None]
CHECKS: tuple[Check, ...] = (
    few_images, constant_images, unit_range, dark_levels, classes_without_images, batch_norm_of_one,
    bounded_logits, images_above_zero,
)  # fmt: skip


def _seen(images: NDArray[Any]) -> NDArray[Any]:
    """Return those of the images that are looked at, evenly spread, as a view.

    They are few, for a mapped file may be larger than the memory.
    """
    return images[:: max(1, -(-len(images) // LOOKED), -(-images.nbytes // BYTES))]


def _all(start: Start) -> str:
    """Return "all images", or how many were looked at."""
    seen = len(_seen(start.images))
    return "all images" if seen == len(start.images) else f"all {seen:,} images looked at"


def _chunks(images: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield the images a part at a time: most checks end with the first."""
    return (images[i : i + CHUNK] for i in range(0, len(images), CHUNK))


def _last(spec: Spec) -> Layer | None:
    """Return the last layer that changes values."""
    return next(
        (layer for layer in reversed(spec) if not isinstance(layer, Flatten | Reshape)), None
    )


def _networks(problem: Problem) -> tuple[tuple[str, Any, tuple[int, ...]], ...]:
    return (
        ("generator", problem.generator, (problem.latent,)),
        ("discriminator", problem.discriminator, problem.image_shape),
    )


def _norms(spec: Spec, shape: tuple[int, ...]) -> Iterator[str]:
    """Yield the layers that see one value a channel of each image."""
    for place in walk(spec, shape):
        if isinstance(place.layer, BatchNorm) and math.prod(place.shape[:-1]) == 1:
            yield f"layer {place.name}"


def _native_norms(network: object) -> Iterator[str]:
    """Yield such layers of a Keras model, by name; torch refuses them itself."""
    layers = getattr(network, "layers", ())
    for layer in layers if isinstance(layers, list) else ():
        if type(layer).__name__ == "BatchNormalization":
            shape = getattr(getattr(layer, "input", None), "shape", ())
            if math.prod(side or 1 for side in shape[1:-1]) == 1:
                yield f"layer {layer.name!r}"
        yield from _native_norms(layer)


def _far(problem: Problem, network: Network, shape: tuple[int, ...]) -> Array:
    """Return what a native network makes of inputs so large that only a bound can hold it.

    Real images may all have logits in [0, 1] by chance; far from them only a sigmoid's stay there.
    """
    random = generator(problem.seed, Stream.WATCHDOG, 1)
    inputs = FAR * random.standard_normal((TRIED, *shape)).astype(problem.precision)
    labels = np.arange(TRIED) % problem.classes if problem.classes else None
    return np.asarray(network(inputs, labels))
