"""Fréchet distance between two sets of features, each modelled as a normal distribution.

Dowson & Landau 1982, eq. 4; used on features of images by Heusel et al. 2017, §3.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gankit._text import counted
from gankit.errors import ConfigError
from gankit.evaluation.image_arrays import Real


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean `(d,)` and covariance `(d, d)` of features, float64."""

    mean: Real = field(repr=False)
    covariance: Real = field(repr=False)


def moments(features: Real) -> Moments:
    """Return the mean and the unbiased covariance of `(n, d)` features; ConfigError if n < 2."""
    if len(features) < 2:
        raise ConfigError(f"covariance: got {counted(len(features), 'image')}; expected at least 2")
    return Moments(features.mean(0), np.cov(features, rowvar=False).reshape(2 * features.shape[1:]))


def frechet_distance(a: Moments, b: Moments) -> float:
    """Return ‖μ₁−μ₂‖² + Tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½), at least 0.

    The eigenvalues of (Σ₁Σ₂)^½ are the singular values of Σ₁^½ Σ₂^½. These exist for singular
    matrices too, for which a matrix root of Σ₁Σ₂ fails. For singular matrices the relative error is
    about 1e-8, the root of the precision: eigenvalues that should be 0 are roots of rounding
    errors. For regular matrices it is about 1e-12. Tests measure both.
    """
    shared = np.linalg.svd(_root(a.covariance) @ _root(b.covariance), compute_uv=False).sum()
    spread = np.trace(a.covariance) + np.trace(b.covariance) - 2 * shared
    return max(0.0, float(np.sum((a.mean - b.mean) ** 2) + spread))


def _root(covariance: Real) -> Real:
    """Return the symmetric root; negative eigenvalues, from rounding, count as 0."""
    values, vectors = np.linalg.eigh(covariance)
    root: Real = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root
