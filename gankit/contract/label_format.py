"""What a label is: a class, or a vector of numbers; what networks take of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gankit._text import counted
from gankit.errors import ConfigError

Labels: TypeAlias = NDArray[np.int64]
"""Classes of images."""
LabelVectors: TypeAlias = NDArray[np.floating[Any]]
"""Labels that are vectors, a row for each image."""
AnyLabels: TypeAlias = Labels | LabelVectors


@dataclass(frozen=True)
class LabelFormat:
    """The form of the labels of a problem or of a network; false without labels.

    Attributes
    ----------
    classes
        Number of classes, if a label is a class; else 0.
    columns
        Number of columns, if a label is a vector of real numbers; else 0.
    unlabelled
        Whether a class may be -1, no label; False by default.
    """

    classes: int = 0
    columns: int = 0
    unlabelled: bool = False

    def __bool__(self) -> bool:
        return self.width > 0

    @property
    def width(self) -> int:
        """Number of columns of `rows`: the classes, or the columns of a vector."""
        return self.classes or self.columns

    def check(self, labels: NDArray[Any] | None, count: int) -> None:
        """Raise ConfigError unless `labels` are valid labels of `count` images.

        Parameters
        ----------
        labels
            Should be `(count,)` whole numbers from 0 to classes - 1, or `(count, columns)` finite
            real numbers; None is refused.
        count
            Number of images.
        """
        if self.columns:
            check_vectors(labels, count, self.columns)
        else:
            check_labels(labels, count, self.classes, unlabelled=self.unlabelled)

    def rows(self, labels: NDArray[Any] | None, count: int, dtype: DTypeLike) -> NDArray[Any]:
        """Return `(count, width)`: vectors unchanged, classes one-hot, zeros for -1.

        Parameters
        ----------
        labels, count
            As in `check`.
        dtype
            That of the result, "float32" or "float64".

        Raises
        ------
        ConfigError
            As of `check`.
        """
        self.check(labels, count)
        given: NDArray[Any] = np.asarray(labels)
        if self.columns:
            return given.astype(dtype, copy=False)
        one_hot: NDArray[Any] = np.eye(self.classes + 1, self.classes, dtype=dtype)
        return np.take(one_hot, given, axis=0)


NO_LABELS = LabelFormat()
"""The form where there are no labels."""


def check_labels(
    labels: NDArray[Any] | None, count: int, classes: int, *, unlabelled: bool = False
) -> None:
    """Raise ConfigError unless `labels` are valid labels for a class-conditional network.

    Parameters
    ----------
    labels
        Should be `(count,)` whole numbers; None is refused.
    count
        Number of images.
    classes
        Number of classes; each label is from 0 to classes - 1.
    unlabelled
        Whether -1, no label, is valid too, as of `Problem.takes_unlabelled`; False by default.
    """
    if labels is None:
        raise ConfigError(
            "labels: got None for a class-conditional network; expected "
            f"{counted(count, 'label')}, 0 to {classes - 1}"
        )
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        found = f"{labels.dtype} of shape {labels.shape}"
        raise ConfigError(f"labels: got {found}; expected {counted(count, 'whole number')}")
    wrong = labels[(labels < (-1 if unlabelled else 0)) | (labels >= classes)]
    if len(wrong) and wrong[0] == -1:
        raise ConfigError(
            "labels: got -1, no label, which only terms of 'real/NAME' may meet; expected "
            f"0 to {classes - 1} for generated images; leave out images without a label"
        )
    if len(wrong):
        raise ConfigError(f"no class {wrong[0]}; the classes are 0 to {classes - 1}")


def check_vectors(labels: NDArray[Any] | None, count: int, columns: int) -> None:
    """Raise ConfigError unless `labels` are `(count, columns)` finite real numbers."""
    wanted = f"expected ({count}, {columns}) real numbers"
    if labels is None:
        raise ConfigError(f"labels: got None for a conditional network; {wanted}")
    if labels.shape != (count, columns) or labels.dtype.kind != "f":
        raise ConfigError(f"labels: got {labels.dtype} of shape {labels.shape}; {wanted}")
    if not np.isfinite(labels).all():
        bad = int(np.isfinite(labels).all(axis=1).argmin())
        raise ConfigError(f"labels: got {labels[bad].tolist()} of image {bad}; {wanted}, finite")
