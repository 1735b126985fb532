"""How much outputs differ, and the most that counts as rounding."""

from __future__ import annotations

from typing import Any

import numpy as np

from gankit.contract import Array
from gankit.errors import BackendUnavailable

TOLERANCE = 1e-4
"""Largest difference of outputs that counts as rounding; a grey level is 8e-3."""


def difference(made: Any, expected: Array) -> float:  # noqa: ANN401 - loaders return many types.
    """Return max |made - expected|, divided by max |expected| if that is above 1.

    Images are in [-1, 1], other outputs may be of any size.

    Raises
    ------
    BackendUnavailable
        The shapes differ, or `made` has infinities.

    >>> difference([[0.5]], np.array([[0.25]])), difference([[9.0]], np.array([[10.0]]))
    (0.25, 0.1)
    """
    made = np.asarray(made)
    if made.shape != expected.shape:
        raise BackendUnavailable(
            f"outputs of the export: got shape {made.shape}; expected {expected.shape}"
        )
    if not np.isfinite(made).all():
        raise BackendUnavailable("the outputs of the export have values that are not finite")
    size = max(1.0, float(np.abs(expected).max()))
    return float(np.abs(made.astype(np.float64) - expected).max()) / size
