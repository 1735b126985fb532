"""Principal directions of a generator: along these its images change most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Array
from gankit.contract.latents import latents
from gankit.errors import Diverged
from gankit.launch.run import Run

IMAGES = 4096
"""About how many images are made to find them."""

STEP = 0.1
"""How far apart images are held against each other; float32 still resolves the change."""


@dataclass(frozen=True)
class Directions:
    """Directions in the space of the noise, the one of most change first.

    Attributes
    ----------
    vectors
        `(k, latent)` float64, orthonormal; the largest entry of each is positive.
    shares
        `(k,)` float64 in [0, 1]: how much of the images' whole change lies along each.
    """

    vectors: NDArray[np.float64]
    shares: NDArray[np.float64]


def principal_directions(run: Run, count: int, seed: int = 0) -> Directions:
    """Find the `count` directions along which the generator's images change most.

    With J an image's derivative by its noise, they are the first eigenvectors of E[J'J], and the
    shares its eigenvalues over their sum: the active subspace of Constantine, Dow & Wang 2014
    ("Active subspace methods in theory and practice", equation 2.2), of all pixels at once. J is
    taken by forward differences at noise of the seed, each class in its turn, so that whatever
    makes images can be asked and no gradient is needed.

    Raises
    ------
    Diverged
        The generator makes something that is not a number.
    """
    latent = run.problem.latent
    points = latents(max(8, IMAGES // (latent + 1)), latent, seed)
    change = np.zeros((latent, latent))
    for i, point in enumerate(points):
        slopes = _slopes(run, point, i)
        change += slopes @ slopes.T
    if not np.isfinite(change).all():
        raise Diverged("the generator makes images that are not finite; it cannot be explored")
    values, vectors = np.linalg.eigh(change)
    order = np.argsort(values)[::-1][: min(count, latent)]
    return Directions(
        vectors=_signed(vectors[:, order].T),
        shares=np.maximum(values[order], 0) / max(np.trace(change), np.finfo(float).tiny),
    )


def _slopes(run: Run, point: Array, number: int) -> NDArray[np.float64]:
    """Return `(latent, values)`: the derivative of an image by each number of its noise."""
    around = np.concatenate([point[None], point + STEP * np.eye(len(point), dtype=point.dtype)])
    classes = run.problem.generator_classes
    labels = np.full(len(around), number % classes) if classes else None
    images = run.generator(around, labels).reshape(len(around), -1).astype(np.float64)
    return np.asarray((images[1:] - images[0]) / STEP)


def _signed(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn each so that its largest entry is positive: an eigenvector has no sign of its own."""
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(1)[:, None], 1)
    return vectors * np.sign(largest)
