"""Features of a plugin, with errors of one line that name them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit import plugins
from gankit._text import counted
from gankit.errors import PluginError
from gankit.evaluation import ClassFeatures, Features
from gankit.evaluation.image_arrays import Real
from gankit.plugins.loader import describe


def plugin_features(name: str) -> Features:
    """Return the features `name` of a plugin; their errors become PluginErrors.

    Raises
    ------
    UnknownName
        No plugin adds them.
    """
    found = plugins.get_features(name)
    if isinstance(found, ClassFeatures):
        return CheckedClassFeatures(found, found.probabilities)
    return CheckedFeatures(found)


@dataclass(frozen=True)
class CheckedFeatures:
    """Features whose results are checked."""

    features: Features

    @property
    def name(self) -> str:
        """The name of the features."""
        return self.features.name

    def __call__(self, images: NDArray[Any], /) -> Real:
        """Return `(n, d)` float64; raise PluginError for an error or another result."""
        return _rows(f"features {self.name!r}", self.features, images)


@dataclass(frozen=True)
class CheckedClassFeatures(CheckedFeatures):
    """Features of a classifier whose results are checked."""

    classify: Callable[[NDArray[Any]], Real]

    def probabilities(self, images: NDArray[Any], /) -> Real:
        """Return `(n, classes)` float64; raise PluginError for an error or another result."""
        subject = f"probabilities of features {self.name!r}"
        rows = _rows(subject, self.classify, images)
        if rows.min() < 0 or not np.allclose(rows.sum(axis=1), 1, atol=1e-3):
            raise PluginError(f"{subject}: got rows that do not sum to 1; expected probabilities")
        return rows


def _rows(subject: str, function: Callable[[NDArray[Any]], object], images: NDArray[Any]) -> Real:
    """Return what a plugin's function returns for images: finite numbers, a row for each."""
    try:
        rows: Real = np.asarray(function(images), np.float64)
    except Exception as error:
        raise PluginError(f"{subject}: {describe(error)}") from error
    if rows.ndim != 2 or len(rows) != len(images) or rows.shape[1] == 0:
        raise PluginError(
            f"{subject}: got an array of shape {rows.shape} for "
            f"{counted(len(images), 'image')}; "
            f"expected ({len(images)}, d)"
        )
    if not np.isfinite(rows).all():
        raise PluginError(f"{subject}: got a value that is not finite")
    return rows
