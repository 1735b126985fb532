"""The sources that a run is evaluated on, with the true images if they are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.data import ImageSet
from gankit.data.derived_sources import derived
from gankit.evaluation.image_arrays import Levels
from gankit.evaluation.metrics.image_pairs import psnr, ssim


@dataclass(frozen=True, eq=False)
class Pairs:
    """Sources, and the true image of each.

    Attributes
    ----------
    sources
        `(n, height, width, channels)`.
    true
        `(n, H, W, C)` uint8; None if they are unknown, as with unpaired sources.
    """

    sources: NDArray[Any]
    true: Levels | None

    def metrics(self, made: Levels) -> dict[str, Any]:
        """Return how alike generated images are to the true ones; nothing without these."""
        if self.true is None:
            return {}
        return {"psnr": psnr(made, self.true), "ssim": ssim(made, self.true)}


def pairs_of(data: ImageSet, test: Callable[[], ImageSet] | None) -> Callable[[int], Pairs] | None:
    """Return a function that returns at most so many pairs; None if there are no sources.

    They are of the test images if their sources can be computed, else of the training images.
    """
    if data.sources is None:
        return None

    def pairs(count: int) -> Pairs:
        if test is not None and data.derived:
            unseen = test().images
            true = np.asarray(unseen[evenly_spaced(len(unseen), count)])
            return Pairs(derived(true, data.derived), true)
        sources = data.sources
        assert sources is not None  # noqa: S101 - see above.
        index = evenly_spaced(len(sources), count)
        own = np.asarray(data.images[index]) if data.paired else None
        return Pairs(np.asarray(sources[index]), own)

    return pairs


def evenly_spaced(length: int, count: int) -> NDArray[np.int64]:
    """Return at most `count` positions, evenly spaced."""
    return np.linspace(0, length - 1, min(count, length)).astype(np.int64)
