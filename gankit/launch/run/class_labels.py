"""The classes of a run's images, by name or number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from gankit.contract import AnyLabels, Labels
from gankit.data.class_names import Classes
from gankit.errors import ConfigError
from gankit.launch.evaluation.trained_run import Trained

LabelChoice: TypeAlias = int | str | AnyLabels | Sequence[str] | Sequence[float] | Mapping[str, Any]
"""One class for all images, or one for each: a number or a name; or labels that are vectors, also
by the names of their columns."""

NO_CLASSES = "this run's generator is not class-conditional; train a recipe that is, such as cgan"

NO_CONDITIONS = (
    "this run's generator has no labels that are vectors; train a recipe that has, such as ccgan"
)


def classes_of(run: Trained) -> Classes:
    """Return the names of the classes of a run's generator."""
    return Classes.of(run.class_names, run.problem.generator_classes)


def class_labels(classes: Classes, n: int, choice: LabelChoice | None) -> Labels | None:
    """Return the class of each of `n` images, checked; None if there are no classes.

    Parameters
    ----------
    classes
        The classes of the generator.
    n
        Number of images.
    choice
        `(n,)` classes, or one for all; None for each class in turn.

    Raises
    ------
    ConfigError
        A class is unknown, their number is not `n`, or there are no classes.
    """
    if isinstance(choice, Mapping):
        raise ConfigError(NO_CONDITIONS)
    count = len(classes.names)
    if not count:
        if choice is not None:
            raise ConfigError(NO_CLASSES)
        return None
    if choice is None:
        return np.arange(n) % count
    if isinstance(choice, str | int | np.integer):
        return np.full(n, classes.number(choice if isinstance(choice, str) else int(choice)))
    given = np.asarray(choice)
    if given.dtype.kind in "iuU" and given.shape == (n,):
        return classes.numbers(given)
    raise ConfigError(
        f"labels: got {given.dtype} of shape {given.shape}; expected a class, or {n} of them: "
        "numbers or names"
    )
