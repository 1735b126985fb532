"""Where the search begins: at the nearest of some generated images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gankit.contract import AnyLabels, Array, Generator, Problem
from gankit.contract.random_streams import Stream, generator
from gankit.errors import Diverged
from gankit.inversion.search import in_ball

Real = NDArray[np.float64]
CANDIDATES = 512
"""Generated images among which the nearest are searched, over all classes."""
CHUNK = 128
"""Images generated in one call."""


class Candidates:
    """Noise and labels with which the search may begin.

    They depend on the seed alone, so an image has the same ones, alone or among others.

    Parameters
    ----------
    network
        The generator.
    problem
        Its problem: the width of its noise, and the form of its labels.
    seed
        Random seed.
    restarts
        Number of starts of each image.
    """

    def __init__(self, network: Generator, problem: Problem, seed: int, restarts: int) -> None:
        self._network, self._problem, self._restarts = network, problem, restarts
        classes = max(problem.generator_classes, 1)
        count = max(restarts, CANDIDATES // classes)
        random = generator(seed, Stream.INVERSION)
        noise = random.standard_normal((count, problem.noise_width), np.float32)
        self._noise = np.repeat(in_ball(noise.astype(np.float64)), classes, axis=0)
        self._labels = problem.labels_in_turn(len(self._noise))

    def nearest(
        self, targets: Array, labels: AnyLabels | None, sources: Array | None
    ) -> tuple[Real, AnyLabels | None]:
        """Return the nearest candidates of some images, the best first.

        If the class is searched, the nearest one of each class, the nearest class first, then the
        second nearest of each class, and so on.

        Parameters
        ----------
        targets
            `(n, height, width, channels)` images.
        labels
            `(n,)` the class of each image, or `(n, d)` vectors with NaN in the columns that are
            searched; None to search for the labels too.
        sources
            `(n, height, width, channels)` the source of each image; None without sources.

        Returns
        -------
        noise
            `(n, restarts, width)`.
        labels
            `(n, restarts)`, or `(n, restarts, d)`; None without labels.
        """
        vectors = labels if self._problem.generator_labels.columns else None
        if vectors is None and sources is None:
            distances = self._distances(targets, self._labels)
        else:
            distances = np.concatenate(
                [
                    self._distances(
                        targets[i : i + 1],
                        self._labels if vectors is None else self._filled(vectors[i]),
                        None if sources is None else sources[i],
                    )
                    for i in range(len(targets))
                ]
            )
        if self._problem.generator_classes:
            distances = self._by_class(distances, labels)
        chosen = np.argsort(distances, axis=1, kind="stable")[:, : self._restarts]
        if self._labels is None:
            return self._noise[chosen], None
        if vectors is None:
            return self._noise[chosen], self._labels[chosen]
        own = [self._filled(row)[which] for row, which in zip(vectors, chosen, strict=True)]
        return self._noise[chosen], np.stack(own)

    def _filled(self, row: AnyLabels) -> AnyLabels:
        """Return the candidates' vectors with the columns that an image's row has."""
        assert self._labels is not None  # noqa: S101 - for mypy.
        filled: AnyLabels = np.where(np.isnan(row), self._labels, row)
        return filled

    def _distances(
        self, targets: Array, labels: AnyLabels | None, source: Array | None = None
    ) -> Real:
        """Return the squared distances of each target to the candidates' images."""
        rows = np.asarray(targets, np.float64).reshape(len(targets), -1)
        found = []
        for start in range(0, len(self._noise), CHUNK):
            part = slice(start, start + CHUNK)
            noise = self._noise[part]
            repeated = None if source is None else np.repeat(source[None], len(noise), axis=0)
            inputs = self._problem.generator_inputs(noise, repeated)
            made = self._network(inputs, None if labels is None else labels[part])
            made = made.astype(np.float64).reshape(len(made), -1)
            if not np.isfinite(made).all():
                raise Diverged(
                    "a generated image is not finite; the generator's weights are likely not finite"
                )
            squares = (rows**2).sum(1)[:, np.newaxis] + (made**2).sum(1)
            found.append(squares - 2 * rows @ made.T)
        return np.concatenate(found, axis=1)

    def _by_class(self, distances: Real, classes: AnyLabels | None) -> Real:
        """Return numbers in the order of the candidates of given classes, or of all in turn.

        Of all classes the order is that of a candidate's rank in its class, then of its distance.
        """
        assert self._labels is not None  # noqa: S101 - for mypy.
        if classes is not None:
            return np.where(self._labels[np.newaxis] == classes[:, np.newaxis], distances, np.inf)
        place = np.empty_like(distances)
        order = np.argsort(distances, axis=1, kind="stable")
        np.put_along_axis(place, order, np.arange(distances.shape[1], dtype=np.float64)[None], 1)
        ranks = np.empty_like(distances)
        for label in np.unique(self._labels):
            own = np.flatnonzero(self._labels == label)
            ranks[:, own] = np.argsort(np.argsort(distances[:, own], axis=1), axis=1)
        ranked: Real = ranks * distances.shape[1] + place
        return ranked
