"""What a classifier makes of images: its score, how sure it is, and which classes it sees."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.evaluation.pixels import Real

SEEN = 5
"""A class counts as seen if its share is at least the expected one over this number."""


def score(probabilities: Real) -> float:
    """Return exp E KL(p(y|x) ‖ p(y)): 1 at worst, the number of classes at best.

    Salimans et al. 2016, "Improved techniques for training GANs", §4, over all images at once.
    With another network than Inception it is no Inception score.
    """
    marginal = probabilities.mean(0)
    return float(np.exp(np.mean([divergence(row, marginal) for row in probabilities])))


def confidence(probabilities: Real) -> float:
    """Return the mean chance of the likeliest class, 1/classes to 1."""
    return float(probabilities.max(1).mean())


def histogram(probabilities: Real) -> Real:
    """Return the `(classes,)` part of the images for which each class is the likeliest."""
    counts = np.bincount(probabilities.argmax(1), minlength=probabilities.shape[1])
    found: Real = counts / counts.sum()
    return found


def divergence(p: NDArray[Any], q: NDArray[Any]) -> float:
    """Return KL(p ‖ q) = Σ p log(p/q) in nats (Kullback & Leibler 1951); infinite where q lacks p.

    >>> divergence(np.array([0.5, 0.5]), np.array([0.25, 0.75])).__step_(4)
    0.1438
    """
    there = p > 0
    if (q[there] == 0).any():
        return float("inf")
    return float(np.sum(p[there] * np.log(p[there] / q[there])))


def seen(shares: Real, expected: Real | None = None) -> int:
    """Return how many classes have a fifth of their expected share, or more.

    Parameters
    ----------
    shares
        `(classes,)` part of the images that each class has.
    expected
        `(classes,)` shares in the data; None for equal ones. A class without images in the data is
        not counted.

    >>> seen(np.array([0.5, 0.4, 0.1, 0.0]))
    3
    >>> seen(np.array([0.97, 0.03, 0.0]), np.array([0.9, 0.1, 0.0]))
    2
    """
    if expected is None:
        expected = np.full(len(shares), 1 / len(shares))
    return int(np.count_nonzero((shares >= expected / SEEN) & (expected > 0)))
