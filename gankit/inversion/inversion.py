"""The result of an inversion."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._text import counted
from gankit.contract import AnyLabels, Array
from gankit.visual.images import Picture, enlarged, grid, to_uint8

COLUMNS = 10
"""Pairs in a row of the picture."""
MOST_PAIRS = 100
"""The most pairs of the picture."""


@dataclass(frozen=True, eq=False)
class Inversion:
    """The nearest generated image of each of n images, and the noise that makes it.

    Attributes
    ----------
    names
        Name of each image: its file in the folder, or its number from 0.
    originals
        `(n, height, width, channels)`, the images that were given: uint8, or real numbers in
        [-1, 1].
    latents
        `(n, latent)` float64.
    labels
        `(n,)` int64, the classes that the nearest images were generated with, or `(n, d)` float64,
        vectors in the units of the data; None if the generator takes no labels.
    images
        `(n, height, width, channels)` in [-1, 1], the nearest generated images.
    errors
        `(n,)` float64: the mean squared difference of both images' values, in units of [-1, 1]. 0
        if they are equal, at most 4.
    sources
        `(n, height, width, channels)`, the sources that the nearest images were generated with;
        None, the default, if the generator takes none.
    """

    names: tuple[str, ...] = field(repr=False)
    originals: NDArray[Any] = field(repr=False)
    latents: NDArray[np.float64] = field(repr=False)
    labels: AnyLabels | None = field(repr=False)
    images: Array = field(repr=False)
    errors: NDArray[np.float64] = field(repr=False)
    sources: NDArray[Any] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        """Return one line: the number of images, and the smallest, median and largest error."""
        low, middle, high = np.quantile(self.errors, [0, 0.5, 1])
        count = counted(len(self), "image")
        return f"Inversion({count}, errors {low:.4f} to {high:.4f}, median {middle:.4f})"

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.errors)

    def grid(self, *, scale: int | None = None) -> Picture:
        """Return a picture of pairs, by their error from low to high.

        Each pair is an image above its nearest generated one. Of more than 100 pairs, 100 are
        shown, evenly spaced in this order.

        Parameters
        ----------
        scale
            As in `gankit.Run.grid`.
        """
        order = np.argsort(self.errors, kind="stable")
        if len(order) > MOST_PAIRS:
            order = order[np.linspace(0, len(order) - 1, MOST_PAIRS).round().astype(int)]
        pair = [to_uint8(np.asarray(each[order])) for each in (self.originals, self.images)]
        return Picture(enlarged(grid(np.concatenate(pair, axis=1), COLUMNS), scale))

    def _repr_png_(self) -> bytes:
        return self.grid().png()
