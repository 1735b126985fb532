"""Search for the noise of given images, by gradient descent on the generator's input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gankit.contract import AnyLabels, Array, DifferentiableGenerator, Problem
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
        `(n,)` classes, or `(n, d)` vectors; None without labels.
    images
        `(n, height, width, channels)`, generated from them.
    errors
        `(n,)`, the mean squared difference of the images' values.
    """

    latents: Real
    labels: AnyLabels | None
    images: Array
    errors: Real


def invert(
    network: DifferentiableGenerator,
    targets: Array,
    problem: Problem,
    *,
    labels: AnyLabels | None = None,
    sources: Array | None = None,
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
        The generator; it takes noise, alone or with a source.
    targets
        `(n, height, width, channels)` images in [-1, 1].
    problem
        The generator's problem.
    labels
        `(n,)` the class of each image; None to search for it too. Of a generator of labels that are
        vectors `(n, d)`, scaled as it takes them; a column with NaN is that of the candidate where
        the search begins, as all are with None.
    sources
        `(n, height, width, channels)` the source of each image, in [-1, 1]; None, the default, if
        the generator takes none.
    steps
        The most steps of each search, at least 1.
    restarts
        Searches for each image, at least 1.
    seed
        Random seed.
    watch
        Called with the part that is done, 0 to 1.
    """
    candidates = Candidates(network, problem, seed, restarts)
    size = max(1, ROWS // restarts)
    parts = []
    for start in range(0, len(targets), size):
        part = slice(start, start + size)
        own = None if labels is None else labels[part]
        source = None if sources is None else sources[part]
        goals = targets[part]

        def count(share: float, done: int = start, more: int = len(goals)) -> None:
            watch((done + share * more) / len(targets))

        noise, chosen = candidates.nearest(goals, own, source)
        latents, best = _searched(network, problem, noise, chosen, source, goals, steps, count)
        rows = np.arange(len(goals))
        winners = None if chosen is None else chosen[rows, best]
        made = network(problem.generator_inputs(latents[rows, best], source), winners)
        parts.append(Found(latents[rows, best], winners, made, errors(made, goals)))
    labelled: list[Any] = [part.labels for part in parts if part.labels is not None]
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
    problem: Problem,
    starts: Real,
    labels: AnyLabels | None,
    sources: Array | None,
    targets: Array,
    steps: int,
    watch: Callable[[float], None],
) -> tuple[Real, NDArray[np.int64]]:
    """Return the best noise of every search, `(n, restarts, latent)`, and each image's best one."""
    n, restarts, latent = starts.shape
    goals = np.repeat(targets, restarts, axis=0)
    rows = None if labels is None else labels.reshape(-1, *labels.shape[2:])
    repeated = None if sources is None else np.repeat(sources, restarts, axis=0)
    search = Search(starts.reshape(-1, latent), steps)
    while not search.done:
        inputs = problem.generator_inputs(search.noise, repeated)
        images, gradient = network.noise_gradient(inputs, goals, rows)
        search.move(errors(images, goals), gradient.astype(np.float64))
        watch(float(search.positions.min()) / steps)
    best = search.lowest.reshape(n, restarts).argmin(axis=1)
    return search.best.reshape(n, restarts, latent), best
