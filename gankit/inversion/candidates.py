"""Where the search begins: at the nearest of some generated images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Array, Generator, Labels
from gankit.contract.random_streams import Stream, generator
from gankit.errors import Diverged
from gankit.inversion.search import in_ball

Real = NDArray[np.float64]
CANDIDATES = 512
"""Generated images among which the nearest are searched, over all classes."""
CHUNK = 128
"""Images generated in one call."""


class Candidates:
    """Noise, and classes, with which the search may begin.

    They depend on the seed alone, so an image has the same ones, alone or among others.

    Parameters
    ----------
    network
        The generator.
    latent
        Width of its noise.
    classes
        Number of its classes; 0 if it is not class-conditional.
    seed
        Random seed.
    restarts
        Number of starts of each image.
    """

    def __init__(
        self, network: Generator, latent: int, classes: int, seed: int, restarts: int
    ) -> None:
        self._network, self._restarts = network, restarts
        count = max(restarts, CANDIDATES // max(classes, 1))
        random = generator(seed, Stream.INVERSION)
        noise = random.standard_normal((count, latent), np.float32).astype(np.float64)
        self._noise = np.repeat(in_ball(noise), max(classes, 1), axis=0)
        self._labels = np.tile(np.arange(classes), count) if classes else None

    def nearest(self, targets: Array, labels: Labels | None) -> tuple[Real, Labels | None]:
        """Return the nearest candidates of some images, the best first.

        If the class is searched, the nearest one of each class, the nearest class first, then the
        second nearest of each class, and so on.

        Parameters
        ----------
        targets
            `(n, height, width, channels)` images.
        labels
            `(n,)` the class of each image; None to choose the classes too.

        Returns
        -------
        noise
            `(n, restarts, latent)`.
        labels
            `(n, restarts)`; None without classes.
        """
        distances = np.concatenate([*self._distances(targets)], axis=1)
        if self._labels is not None:
            if labels is not None:
                distances[self._labels[np.newaxis] != labels[:, np.newaxis]] = np.inf
            else:
                distances = self._by_rank(distances)
        chosen = np.argsort(distances, axis=1, kind="stable")[:, : self._restarts]
        return self._noise[chosen], None if self._labels is None else self._labels[chosen]

    def _distances(self, targets: Array) -> Iterator[Real]:
        """Yield the squared distances of each target to chunks of the candidates' images."""
        rows = np.asarray(targets, np.float64).reshape(len(targets), -1)
        for start in range(0, len(self._noise), CHUNK):
            part = slice(start, start + CHUNK)
            labels = None if self._labels is None else self._labels[part]
            made = self._network(self._noise[part], labels).astype(np.float64)
            if not np.isfinite(made).all():
                raise Diverged(
                    "a generated image is not finite; the generator's weights are likely not finite"
                )
            made = made.reshape(len(made), -1)
            yield (rows**2).sum(1)[:, np.newaxis] - 2 * rows @ made.T + (made**2).sum(1)

    def _by_rank(self, distances: Real) -> Real:
        """Return numbers in the order of a candidate's rank in its class, then of its distance."""
        assert self._labels is not None  # noqa: S101 - for mypy.
        place = np.empty_like(distances)
        order = np.argsort(distances, axis=1, kind="stable")
        np.put_along_axis(place, order, np.arange(distances.shape[1], dtype=np.float64)[None], 1)
        ranks = np.empty_like(distances)
        for label in np.unique(self._labels):
            own = np.flatnonzero(self._labels == label)
            ranks[:, own] = np.argsort(np.argsort(distances[:, own], axis=1), axis=1)
        ranked: Real = ranks * distances.shape[1] + place
        return ranked
