"""Random numbers for the tests."""

from __future__ import annotations

import numpy as np


def normal(seed, *shape):
    """Return standard normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape)


def rotation(seed, width):
    """Return an orthogonal matrix."""
    return np.linalg.qr(normal(seed, width, width))[0]
