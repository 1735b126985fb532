"""What features return for images, with errors of one line that name them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit._text import counted
from gankit.errors import GankitError, PluginError, described, place_of, shown
from gankit.evaluation.image_arrays import Real

LARGEST = 1e48
"""The largest magnitude of a feature: the kernel distance sums its sixth powers."""


def checked_rows(
    subject: str, function: Callable[[NDArray[Any]], object], images: NDArray[Any]
) -> Real:
    """Return what a function of features returns for images: finite numbers, a row for each.

    Parameters
    ----------
    subject
        The function's name in messages.
    function
        The function, which may be a plugin's or a person's own.
    images
        `(n, H, W, C)`.

    Raises
    ------
    PluginError
        The function fails, or returns something else than `(n, d)` finite numbers.
    """
    try:
        made = np.asarray(function(images))
        rows = None if np.iscomplexobj(made) else np.asarray(made, np.float64)
    except (GankitError, MemoryError):
        raise
    except Exception as error:
        raise PluginError(f"{subject}: {described(error)}{place_of(error)}") from error
    if rows is None:
        raise PluginError(f"{subject}: got {shown(made)}; expected real numbers")
    if rows.ndim != 2 or len(rows) != len(images) or rows.shape[1] == 0:
        raise PluginError(
            f"{subject}: got an array of shape {rows.shape} for "
            f"{counted(len(images), 'image')}; "
            f"expected ({len(images)}, d)"
        )
    if not np.isfinite(rows).all():
        raise PluginError(f"{subject}: got a value that is not finite")
    if (largest := np.abs(rows).max()) > LARGEST:
        raise PluginError(
            f"{subject}: got a value of magnitude {largest:.3g}; expected at most {LARGEST:g}"
        )
    return rows


def checked_probabilities(
    subject: str, function: Callable[[NDArray[Any]], object], images: NDArray[Any]
) -> Real:
    """Return class probabilities of images, `(n, classes)`.

    Parameters and errors are those of `checked_rows`; PluginError too if a row is not of
    probabilities.
    """
    subject = f"probabilities of {subject}"
    rows = checked_rows(subject, function, images)
    if rows.min() < 0 or not np.allclose(rows.sum(axis=1), 1, atol=1e-3):
        raise PluginError(f"{subject}: got rows that do not sum to 1; expected probabilities")
    return rows
