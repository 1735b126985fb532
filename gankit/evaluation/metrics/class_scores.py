"""Metrics from a classifier's probabilities: score, confidence and class shares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.evaluation.image_arrays import Real

SEEN_DIVISOR = 5
"""A class counts as seen if its share is at least the expected share divided by this."""


def score(probabilities: Real) -> float:
    """Return exp E KL(p(y|x) ‖ p(y)): 1 at worst, the number of classes at best.

    Salimans et al. 2016, "Improved techniques for training GANs", §4, over all images at once.
    It is the Inception score only if the probabilities come from the Inception network.
    """
    marginal = probabilities.mean(0)
    return float(np.exp(np.mean([divergence(row, marginal) for row in probabilities])))


def confidence(probabilities: Real) -> float:
    """Return the mean of each image's highest class probability, 1/classes to 1."""
    return float(probabilities.max(1).mean())


def histogram(probabilities: Real) -> Real:
    """Return the `(classes,)` share of images whose most probable class is each one."""
    counts = np.bincount(probabilities.argmax(1), minlength=probabilities.shape[1])
    found: Real = counts / counts.sum()
    return found


def divergence(p: NDArray[Any], q: NDArray[Any]) -> float:
    """Return KL(p ‖ q) = Σ p log(p/q) in nats (Kullback & Leibler 1951).

    It is infinite if some q is 0 where p is not.

    >>> divergence(np.array([0.5, 0.5]), np.array([0.25, 0.75])).__round__(4)
    0.1438
    """
    there = p > 0
    if (q[there] == 0).any():
        return float("inf")
    return float(np.sum(p[there] * np.log(p[there] / q[there])))


def seen(shares: Real, expected: Real | None = None) -> int:
    """Return the number of classes with at least a fifth of their expected share.

    Parameters
    ----------
    shares
        `(classes,)` share of the images in each class.
    expected
        `(classes,)` shares in the data; None for equal shares. A class with an expected share of 0
        is not counted.

    >>> seen(np.array([0.5, 0.4, 0.1, 0.0]))
    3
    >>> seen(np.array([0.97, 0.03, 0.0]), np.array([0.9, 0.1, 0.0]))
    2
    """
    if expected is None:
        expected = np.full(len(shares), 1 / len(shares))
    return int(np.count_nonzero((shares >= expected / SEEN_DIVISOR) & (expected > 0)))
