"""The parts of both networks' losses that the core does not define."""

from __future__ import annotations

import numpy as np

from gankit.contract import Labels, check_labels
from gankit_numpy.operations import get_slice, logsumexp, mean, sum_over
from gankit_numpy.tape import Tracked

ALL = slice(None)


def logit(outputs: Tracked) -> Tracked:
    """Return the first column of a discriminator's outputs, `(B,)`: the logit of being real."""
    return get_slice(outputs, (ALL, 0))


def cross_entropy(outputs: Tracked, labels: Labels | None) -> Tracked:
    """Return the mean of `logsumexp(c) - c[label]`, c the columns after the first."""
    class_logits = get_slice(outputs, (ALL, slice(1, None)))
    n, count = class_logits.shape
    check_labels(labels, n, count)
    one_hot = np.eye(count, dtype=class_logits.value.dtype)[np.asarray(labels)]
    return mean(logsumexp(class_logits) - sum_over(class_logits * one_hot, (1,)))
