"""Keep the labels of a few images, the same number of each class, for semi-supervised training."""

from __future__ import annotations

import numpy as np

from gankit._text import counted
from gankit.contract import Labels, Problem
from gankit.contract.random_streams import Stream, generator
from gankit.errors import ConfigError
from gankit.terms import LABEL


def kept_labels(labels: Labels, count: int, classes: int, seed: int) -> Labels:
    """Return labels of which `count` stay, count / classes of each class; the others become -1.

    Which images keep theirs is drawn with the seed; those of fewer labels are among those of more.

    Parameters
    ----------
    labels
        `(N,)` int64, 0 to classes - 1, or -1 for none.
    count
        How many stay, a multiple of `classes`.
    classes
        Number of classes.
    seed
        Random seed of the choice.

    Raises
    ------
    ConfigError
        `count` is no multiple of `classes`, or a class has fewer labels.

    >>> kept_labels(np.array([0, 1, 0, 1, 0, 1]), 2, 2, seed=0).tolist()
    [-1, -1, -1, 1, 0, -1]
    """
    if count % classes:
        raise ConfigError(
            f"labelled: got {count:,}; expected a multiple of {classes}, the number of classes, "
            "since each class keeps the same number"
        )
    order = generator(seed, Stream.LABELLED).permutation(len(labels))
    kept: Labels = np.full_like(labels, -1)
    for label in range(classes):
        of_class = order[labels[order] == label]
        if len(of_class) < count // classes:
            raise ConfigError(
                f"labelled: got {count:,}, {counted(count // classes, 'label')} of each class, but "
                f"class {label} has {len(of_class):,}; choose fewer"
            )
        kept[of_class[: count // classes]] = label
    return kept


def check_unlabelled(problem: Problem, name: str, value: float) -> None:
    """Raise ConfigError unless the setting `name` can apply: some images may have no label."""
    if not problem.classifies:
        raise ConfigError(
            f"{name}: got {value:,}, but no term uses labels; choose the recipe sgan, or add a "
            "term of 'real/class' to 'label'"
        )
    if not problem.takes_unlabelled:
        raise ConfigError(
            f"{name}: got {value:,}, but a network or a term of generated images needs the label "
            "of each image; choose the recipe sgan, or leave out this setting"
        )


def check_attributes(problem: Problem) -> None:
    """Raise ConfigError unless labels are 0 and 1 if a term is a binary cross-entropy to them."""
    real = [condition for condition in problem.conditions if not condition.binary]
    kinds = [term.kind for term in problem.terms if term.to == LABEL]
    if real and "binary-cross-entropy" in kinds:
        raise ConfigError(
            f"labels: got {real[0].name!r} from {real[0].low:g} to {real[0].high:g}; expected 0 "
            "and 1 for a term of the kind 'binary-cross-entropy'"
        )
