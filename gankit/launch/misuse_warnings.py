"""Warn of likely mistakes in data and networks before the first step.

Each check is one function, which returns a sentence with the remedy, or None. Native networks
cannot be inspected here, so two checks call them instead.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.callbacks.training_failures import HealthWarning
from gankit.contract import Array, Labels, Network, Problem, Trainer
from gankit.contract.random_streams import Stream, generator
from gankit.layers import BatchNorm, Flatten, Layer, ReLU, Reshape, Sigmoid, Spec, Tanh, walk

FEW_IMAGES = 200
"""With fewer images, networks memorize them."""
DARK_LEVELS = 16
"""Of 256; images below this level are nearly black."""
CHUNK = 64
"""Images checked together."""
MOST_CHECKED = 512
"""Images that are checked, at most, evenly spaced."""
MOST_BYTES = 16 * 2**20
"""Bytes of the checked images, at most."""
LARGE_INPUTS = 100.0
"""Scale of the inputs on which native networks are called, relative to noise."""
LARGE_INPUT_COUNT = 16
"""Number of these inputs."""
LOGIT_LOSSES = frozenset({
    "nonsaturating", "minimax", "hinge", "wasserstein", "relativistic", "relativistic-average",
})  # fmt: skip
"""Losses of unbounded logits. Least squares has targets 0 and 1."""
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
        Images per update.
    """

    problem: Problem
    trainer: Trainer
    images: NDArray[Any]
    labels: Labels | None
    batch: int


def warn_of_misuse(
    start: Start, record: Callable[[int, str], None] = lambda _step, _said: None
) -> None:
    """Warn of each likely mistake by a HealthWarning; `record` saves it, with step 0."""
    for check in CHECKS:
        if said := check(start):
            record(0, said)
            warnings.warn(said, HealthWarning, stacklevel=2)


def few_images(start: Start) -> str | None:
    """Warn of a data set so small that networks memorize it."""
    count, least = len(start.images), max(FEW_IMAGES, start.batch)
    if count >= least:
        return None
    found = "there is only 1 image" if count == 1 else f"there are only {count} images"
    return (
        f"{found}, and a batch has {start.batch}; networks memorize so few; check the path or "
        f"filter of the data, or give at least {least}"
    )


def constant_images(start: Start) -> str | None:
    """Warn of images that are all equal, or that have one value each."""
    seen = _seen(start.images)
    if len(seen) > 1 and all((part == seen[:1]).all() for part in _chunks(seen)):
        return f"{_all(start)} are the same; check how they were read"
    if all((part == part[:, :1, :1, :1]).all() for part in _chunks(seen)):
        return f"{_all(start)} have one value at all their pixels; check how they were read"
    return None


def unit_range(start: Start) -> str | None:
    """Warn of real images in [0, 1] instead of [-1, 1], and of uint8 images of 0 and 1."""
    seen = _seen(start.images)
    if seen.dtype == np.uint8:
        if all((part <= 1).all() for part in _chunks(seen)):
            return f"{_all(start)} hold uint8 of 0 and 1, so they look black; give images * 255"
        return None
    if all((part >= 0).all() for part in _chunks(seen)):
        return (
            f"{_all(start)} are in [0, 1], so black is mid-grey; expected [-1, 1]: give "
            "images * 2 - 1, or uint8"
        )
    return None


def dark_levels(start: Start) -> str | None:
    """Warn of uint8 images with only the lowest levels, such as 12-bit numbers cut to 8 bits."""
    seen = _seen(start.images)
    if seen.dtype != np.uint8:
        return None
    top = 0
    for part in _chunks(seen):
        if (top := max(top, int(part.max()))) >= DARK_LEVELS:
            return None
    if top < 2:  # `unit_range` reports levels of 0 and 1.
        return None
    return (
        f"{_all(start)} have levels of at most {top} of 255, so they are nearly black; give "
        f"images * {255 // top}, or read them again with all their bits"
    )


def classes_without_images(start: Start) -> str | None:
    """Warn of classes without images that a generator is trained on."""
    if start.labels is None or not start.problem.classes:
        return None
    counts = np.bincount(start.labels, minlength=start.problem.classes)
    empty = np.flatnonzero(counts == 0)
    if not len(empty):
        return None
    named = ", ".join(map(str, empty[:5])) + (", ..." if len(empty) > 5 else "")
    return (
        f"{len(empty)} of {len(counts)} classes have no image: {named}; images generated for them "
        "mean nothing; renumber the classes"
    )


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
        far = _far(problem, start.trainer.discriminator, problem.image_shape)
        end = "a sigmoid" if far.min() >= 0 and far.max() <= 1 else None
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
        far = _far(problem, start.trainer.generator, (problem.latent,))
        end = "a sigmoid or a relu" if far.min() >= 0 else None
    return end and (
        f"the generator ends in {end}, so no pixel is below 0, which is mid-grey; "
        "images are in [-1, 1]: end in a tanh"
    )


Check = Callable[[Start], str | None]
CHECKS: tuple[Check, ...] = (
    few_images, constant_images, unit_range, dark_levels, classes_without_images, batch_norm_of_one,
    bounded_logits, images_above_zero,
)  # fmt: skip


def _seen(images: NDArray[Any]) -> NDArray[Any]:
    """Return the images that are checked, evenly spaced, as a view.

    They are few, because a mapped file may be larger than the memory.
    """
    return images[:: max(1, -(-len(images) // MOST_CHECKED), -(-images.nbytes // MOST_BYTES))]


def _all(start: Start) -> str:
    """Return "all images", or the number of checked images."""
    seen = len(_seen(start.images))
    return "all images" if seen == len(start.images) else f"all {seen:,} checked images"


def _chunks(images: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield the images in chunks: most checks end with the first."""
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
    """Yield the batch normalisations of one value per channel."""
    for place in walk(spec, shape):
        if isinstance(place.layer, BatchNorm) and math.prod(place.shape[:-1]) == 1:
            yield f"layer {place.name}"


def _native_norms(network: object) -> Iterator[str]:
    """Yield such layers of a Keras model by name; torch itself refuses them."""
    layers = getattr(network, "layers", ())
    for layer in layers if isinstance(layers, list) else ():
        if type(layer).__name__ == "BatchNormalization":
            shape = getattr(getattr(layer, "input", None), "shape", ())
            if math.prod(side or 1 for side in shape[1:-1]) == 1:
                yield f"layer {layer.name!r}"
        yield from _native_norms(layer)


def _far(problem: Problem, network: Network, shape: tuple[int, ...]) -> Array:
    """Return a native network's outputs on inputs so large that only a bound limits them.

    Real images may all have logits in [0, 1] by chance; on large inputs only a sigmoid's are.
    """
    random = generator(problem.seed, Stream.WATCHDOG, 1)
    inputs = LARGE_INPUTS * random.standard_normal((LARGE_INPUT_COUNT, *shape)).astype(
        problem.precision
    )
    labels = np.arange(LARGE_INPUT_COUNT) % problem.classes if problem.classes else None
    return np.asarray(network(inputs, labels))
