"""Search for the noise of given images, by gradient descent on the generator's input."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Array, DifferentiableGenerator, Labels
from gankit.inversion.candidates import Candidates
from gankit.inversion.search import Search

Real = NDArray[np.float64]
STEPS, RESTARTS = 200, 4
ROWS = 256
"""Searches that are computed together."""


class Found(NamedTuple):
    """The best noise of each image.

    Attributes
    ----------
    latents
        `(n, latent)`.
    labels
        `(n,)`; None without classes.
    images
        `(n, height, width, channels)`, generated from them.
    errors
        `(n,)`, the mean squared difference of the images' values.
    """

    latents: Real
    labels: Labels | None
    images: Array
    errors: Real


def invert(
    network: DifferentiableGenerator,
    targets: Array,
    *,
    latent: int,
    classes: int = 0,
    labels: Labels | None = None,
    steps: int = STEPS,
    restarts: int = RESTARTS,
    seed: int = 0,
    watch: Callable[[float], None] = lambda _part: None,
) -> Found:
    """Return the noise whose images are nearest to `targets`, by their squared difference.

    Each search begins at one of the nearest of 512 generated images, and takes Adam's steps on the
    noise. The learning rate rises in the first 5 % of the steps and falls by a cosine in the last
    25 %, as in the projection of Karras et al. 2020 ("Analyzing and improving the image quality of
    StyleGAN", appendix D); on a plateau it falls at once. The noise stays in the ball of radius
    sqrt(latent), near whose surface normal noise is. The best step of the best search is taken, as
    in Samangouei et al. 2018. The state is float64; an image's result does not depend on the other
    images, except for rounding.

    Parameters
    ----------
    network
        The generator.
    targets
        `(n, height, width, channels)` images in [-1, 1].
    latent
        Width of the noise.
    classes
        Number of classes of a class-conditional generator; else 0.
    labels
        `(n,)` the class of each image; None to search for it too.
    steps
        The most steps of each search, at least 1.
    restarts
        Searches for each image, at least 1.
    seed
        Random seed.
    watch
        Called with the part that is done, 0 to 1.
    """
    candidates = Candidates(network, latent, classes, seed, restarts)
    size = max(1, ROWS // restarts)
    parts = []
    for start in range(0, len(targets), size):
        part = slice(start, start + size)
        own = None if labels is None else labels[part]
        goals = targets[part]

        def count(share: float, done: int = start, more: int = len(goals)) -> None:
            watch((done + share * more) / len(targets))

        noise, chosen = candidates.nearest(goals, own)
        latents, best = _searched(network, noise, chosen, goals, steps, count)
        rows = np.arange(len(goals))
        winners = None if chosen is None else chosen[rows, best]
        made = network(latents[rows, best], winners)
        parts.append(Found(latents[rows, best], winners, made, errors(made, goals)))
    labelled = [part.labels for part in parts if part.labels is not None]
    return Found(
        np.concatenate([part.latents for part in parts]),
        np.concatenate(labelled) if labelled else None,
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.errors for part in parts]),
    )


def errors(images: Array, targets: Array) -> Real:
    """Return `(n,)` the mean squared difference of the images' values, in float64."""
    difference = images.astype(np.float64) - targets
    mean: Real = np.mean(difference**2, axis=(1, 2, 3))
    return mean


def _searched(
    network: DifferentiableGenerator,
    starts: Real,
    labels: Labels | None,
    targets: Array,
    steps: int,
    watch: Callable[[float], None],
) -> tuple[Real, NDArray[np.int64]]:
    """Return the best noise of every search, `(n, restarts, latent)`, and each image's best one."""
    n, restarts, latent = starts.shape
    goals = np.repeat(targets, restarts, axis=0)
    classes = None if labels is None else labels.reshape(-1)
    search = Search(starts.reshape(-1, latent), steps)
    while not search.done:
        images, gradient = network.noise_gradient(search.noise, goals, classes)
        search.move(errors(images, goals), gradient.astype(np.float64))
        watch(float(search.positions.min()) / steps)
    best = search.lowest.reshape(n, restarts).argmin(axis=1)
    return search.best.reshape(n, restarts, latent), best
