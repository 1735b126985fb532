"""The share of test images whose class a run's discriminator finds."""

from __future__ import annotations

import numpy as np

from gankit.contract import AnyLabels, Labels, Problem
from gankit.data import ImageSet
from gankit.errors import DataError
from gankit.launch.evaluation.progress import CLASSIFYING, Watch
from gankit.launch.evaluation.reference_data import ReferenceData
from gankit.launch.evaluation.trained_run import Trained
from gankit.launch.messages import warn
from gankit.terms import CLASS, LABEL

CHUNK = 500
"""Images that are classified at a time."""


def accuracy_of(run: Trained, reference: ReferenceData, watch: Watch) -> float | None:
    """Return the share of the test images that the head "class" classifies correctly.

    None if the run has no such head that learns the labels, or there are no test images with the
    labels of its classes; if they cannot be loaded, that is a warning too.
    """
    problem = run.problem
    if not _classifies(problem) or reference.test is None:
        return None
    watch(CLASSIFYING, 0.0)
    try:
        test = reference.test()
    except DataError as error:
        warn(f"no accuracy on test images: {error}")
        return None
    labels = _labels_of(test, reference.labels)
    if labels is None:
        return None
    index = np.flatnonzero(labels >= 0)
    right = 0
    for start in range(0, len(index), CHUNK):
        part = index[start : start + CHUNK]
        outputs = run.trainer.discriminator.classify(  # type: ignore[attr-defined]
            problem.scale(np.asarray(test.images[part])), CLASS
        )
        right += int((outputs.argmax(axis=1) == labels[part]).sum())
        watch(CLASSIFYING, (start + len(part)) / len(index))
    return right / len(index) if len(index) else None


def _classifies(problem: Problem) -> bool:
    """Return whether a head "class" of real images learns the labels."""
    terms = problem.terms_of("discriminator")
    return any((term.of, term.to) == (f"real/{CLASS}", LABEL) for term in terms)


def _labels_of(test: ImageSet, training: AnyLabels | None) -> Labels | None:
    """Return the labels of the test images; None unless they have the classes of the training."""
    if test.labels is None or training is None or test.labels.ndim != training.ndim:
        return None
    if training.ndim == 2 or test.labels.max() > training.max():
        return None
    return np.asarray(test.labels, np.int64)
