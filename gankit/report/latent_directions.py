"""Principal latent directions of a generator: those along which its images change most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gankit.contract import AnyLabels, Array
from gankit.contract.sample_noise import sample_noise
from gankit.errors import Diverged
from gankit.launch.run import Run

IMAGES = 4096
"""About how many images are generated to find the directions."""

DIFFERENCE_STEP = 0.1
"""Step of the finite differences; the change of the images is well above float32's resolution."""


@dataclass(frozen=True)
class Directions:
    """Directions in latent space, by decreasing change of the images.

    Attributes
    ----------
    vectors
        `(k, latent)` float64, orthonormal, of the normal columns alone; the entry of largest
        absolute value is positive.
    shares
        `(k,)` float64 in [0, 1]: the share of the images' total change along each direction.
    """

    vectors: NDArray[np.float64]
    shares: NDArray[np.float64]


def principal_directions(
    run: Run, count: int, seed: int = 0, *, sources: NDArray[np.uint8] | None = None
) -> Directions:
    """Return the `count` directions along which the generator's images change most.

    With J the derivative of an image with respect to its noise, the directions are the first
    eigenvectors of E[J'J], and the shares are its eigenvalues divided by their sum: the active
    subspace of Constantine, Dow & Wang 2014 ("Active subspace methods in theory and practice",
    equation 2.2), for all pixels together. J is computed by forward differences, for each class in
    turn, or labels over the ranges of conditions. So any generator works, also one without
    gradients.

    Parameters
    ----------
    run
        The run.
    count
        Number of directions; 0 for none.
    seed
        Random seed of the noise at which J is computed.
    sources
        `(n, height, width, channels)` sources, taken in turn, if the generator takes some.

    Raises
    ------
    Diverged
        An image contains a value that is not finite.
    """
    if not count:
        return Directions(np.zeros((0, 0)), np.zeros(0))
    latent = run.problem.latent
    points = sample_noise(run.problem, max(8, IMAGES // (latent + 1)), seed)
    change = np.zeros((latent, latent))
    labels = run.problem.labels_in_turn(len(points))
    for i, point in enumerate(points):
        source = None if sources is None else sources[i % len(sources)]
        jacobian = _jacobian(run, point, None if labels is None else labels[i], source)
        change += jacobian @ jacobian.T
    if not np.isfinite(change).all():
        raise Diverged("the generator's images are not finite; leave out --explore")
    values, vectors = np.linalg.eigh(change)
    order = np.argsort(values)[::-1][: min(count, latent)]
    return Directions(
        vectors=_with_fixed_sign(vectors[:, order].T),
        shares=np.maximum(values[order], 0) / max(np.trace(change), np.finfo(float).tiny),
    )


def _jacobian(
    run: Run, point: Array, label: AnyLabels | None, source: NDArray[np.uint8] | None
) -> NDArray[np.float64]:
    """Return `(latent, values)`: an image's derivative with respect to each normal number."""
    steps = DIFFERENCE_STEP * np.eye(run.problem.latent, len(point), dtype=point.dtype)
    noise = np.concatenate([point[None], point + steps])
    labels, sources = (
        None if each is None else np.repeat(np.asarray(each)[np.newaxis], len(noise), axis=0)
        for each in (label, source)
    )
    beside = None if sources is None else run.problem.scale(sources)
    images = run.generator(run.problem.generator_inputs(noise, beside), labels)
    images = images.reshape(len(noise), -1).astype(np.float64)
    return np.asarray((images[1:] - images[0]) / DIFFERENCE_STEP)


def _with_fixed_sign(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the vectors, each with a positive largest entry; eigenvectors have any sign."""
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(1)[:, None], 1)
    return vectors * np.sign(largest)
