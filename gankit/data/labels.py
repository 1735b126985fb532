"""Convert labels of all usual forms to whole numbers and names."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.data.class_names import in_order
from gankit.errors import DataError, GankitError

NUMBERED = "np.unique(labels, return_inverse=True)[1]"
"""Python expression that renumbers labels from 0, without gaps."""


def as_labels(
    found: NDArray[Any], name: str, error: type[GankitError] = DataError
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return labels as whole numbers or as vectors, and the names of classes or columns if known.

    Parameters
    ----------
    found
        (N,) or (N, 1): whole numbers from 0, or -1 for no label, also as floats; bool; or
        strings, each a class name. (N, K), one-hot: classes. Any other (N, d): vectors of real
        numbers, or of 0 and 1; also (N, 1) with fractions, or (N,) with a field for each column.
    name
        Its name in messages.
    error
        The exception type.

    Returns
    -------
    labels
        (N,) int64, each at least -1; or (N, d) float64.
    names
        Names of the fields. Names of classes 0, 1, ... if the labels are names or bool; else empty.

    Raises
    ------
    GankitError
        The labels have another form; the message contains the remedy.
    """
    if found.dtype.names:
        columns = [np.asarray(found[field]) for field in found.dtype.names]
        if found.ndim == 1 and all(column.ndim == 1 for column in columns):
            return _vectors(np.stack(columns, axis=1), name, error), found.dtype.names
    if found.ndim == 2 and found.shape[1] == 1 and not _has_fractions(found):
        found = found[:, 0]
    if found.ndim == 2:
        if not _is_one_hot(found):
            return _vectors(found, name, error), ()
        found = found.argmax(axis=1)
    if found.ndim != 1:
        remedy = "give one label for each image"
        raise error(f"{name}: got labels of shape {found.shape}; expected (N,); {remedy}")
    kind = found.dtype.kind
    if kind in "US" or (kind == "O" and all(isinstance(label, str) for label in found)):
        return _named(found)
    if kind == "b":
        return found.astype(np.int64), ("False", "True")
    if kind == "f" and np.isfinite(found).all() and (found == np.rint(found)).all():
        found, kind = found.astype(np.int64), "i"
    if kind == "f" and not np.isfinite(found).all():
        bad = int(np.isfinite(found).argmin())
        raise error(f"{name}: got label {found[bad]} of image {bad}; give -1 for no label")
    if kind not in "iu":
        wanted = "expected whole numbers from 0 on, or names"
        raise error(
            f"{name}: got labels of {_described(found)}; {wanted}; give {NUMBERED}, or "
            "labels[:, np.newaxis] if they are real-valued"
        )
    if len(found) and found.min() < -1:
        wanted = "expected at least 0, or -1 for none"
        raise error(f"{name}: got label {found.min()}; {wanted}; give {NUMBERED}")
    if len(found) and found.max() > np.iinfo(np.int64).max:
        raise error(f"{name}: got label {found.max()}, which is too large; give {NUMBERED}")
    return found.astype(np.int64), ()


def without_gaps(
    labels: NDArray[Any], names: tuple[str, ...]
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Renumber labels without gaps, and return them with the names of the remaining classes.

    Classes without names get their old numbers as names. If no class is empty, or labels are
    vectors, both are returned unchanged.

    Parameters
    ----------
    labels
        (N,) int64, each at least 0, or -1 for none, which stays.
    names
        Names of classes 0, 1, ...; empty if they have none.

    >>> labels, names = without_gaps(np.array([2024, 2019, 2024]), ())
    >>> labels.tolist(), names
    ([1, 0, 1], ('2019', '2024'))
    """
    if labels.ndim == 2:
        return labels, names
    found = np.unique(labels[labels >= 0])
    count = len(names) or int(labels.max(initial=-1)) + 1
    if len(found) == count:
        return labels, names
    class_names = tuple(names[i] if names else str(i) for i in found.tolist())
    numbers = np.where(labels < 0, -1, np.searchsorted(found, labels))
    return numbers.astype(np.int64), class_names


def _is_one_hot(found: NDArray[Any]) -> bool:
    """Return whether each row has a single 1, and zeros."""
    binary = found.dtype.kind in "biuf" and bool(((found == 0) | (found == 1)).all())
    return binary and bool((np.count_nonzero(found, axis=1) == 1).all())


def _has_fractions(found: NDArray[Any]) -> bool:
    """Return whether an array has real numbers that are not whole; NaN is none of them."""
    return found.dtype.kind == "f" and bool((found != np.rint(found))[np.isfinite(found)].any())


def _vectors(found: NDArray[Any], name: str, error: type[GankitError]) -> NDArray[np.float64]:
    """Return (N, d) numbers as float64."""
    if found.dtype.kind not in "biuf" or not found.shape[1]:
        raise error(f"{name}: got labels of {found.dtype} {found.shape}; expected real numbers")
    made = found.astype(np.float64)
    if not np.isfinite(made).all():
        bad = int(np.isfinite(made).all(axis=1).argmin())
        raise error(f"{name}: got label {made[bad].tolist()} of image {bad}; leave such images out")
    return made


def _named(found: NDArray[Any]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if found.dtype.kind == "S":
        found = np.char.decode(found, "utf-8", "replace")
    different, indices = np.unique(found.astype(str), return_inverse=True)
    names = in_order(different.tolist())
    numbers = np.array([names.index(name) for name in different.tolist()], np.int64)
    return numbers[indices], tuple(names)


def _described(found: NDArray[Any]) -> str:
    """Return the dtype of labels, or an example if they are real numbers."""
    if found.dtype.kind != "f":
        return str(found.dtype)
    fractions = found[~(found == np.rint(found))]
    return f"real numbers such as {float(fractions[0] if len(fractions) else found[0]):.5g}"
