"""The terms of both networks' losses besides the adversarial one."""

from __future__ import annotations

import numpy as np

from gankit.terms import Kind
from gankit_numpy.operations import (
    absolute,
    exp,
    get_slice,
    log,
    logsumexp,
    matmul,
    mean,
    mean_over,
    reshape,
    softmax,
    softplus,
    sum_over,
    swap,
    total,
)
from gankit_numpy.tape import Tracked, Value, constant

ALL = slice(None)


def all_logits(outputs: Tracked, count: int | None) -> Tracked:
    """Return the logits of being real, those of one image after another.

    Parameters
    ----------
    outputs
        A discriminator's, as rows.
    count
        Number of logits of an image: 1, the first column, or those of a map, all columns; None for
        all columns, whatever their number.
    """
    return reshape(get_slice(outputs, (ALL, slice(count))), (-1,))


def image_logits(outputs: Tracked, count: int) -> Tracked:
    """Return each image's logit, `(B,)`: of a map the mean; arguments as in `all_logits`."""
    return mean_over(get_slice(outputs, (ALL, slice(count))), (1,))


def matched(fakes: Tracked, reals: Tracked) -> Tracked:
    """Return the sum of squares of the mean of `fakes` minus that of `reals`, rows of features."""
    means = (sum_over(rows, (0,)) * (1 / rows.shape[0]) for rows in (fakes, reals))
    difference = next(means) - next(means)
    return total(difference * difference)


def distance(kind: Kind, of: Tracked, to: Tracked) -> Tracked:
    """Return the mean of |of - to| of the kind "l1", of (of - to)^2 of "l2"."""
    differences = of - to
    return mean(absolute(differences) if kind == "l1" else differences * differences)


def _moments(of: Tracked) -> tuple[Tracked, Tracked]:
    """Return the means and the logarithms of variances in the halves of rows."""
    size = of.shape[1] // 2
    return get_slice(of, (ALL, slice(size))), get_slice(of, (ALL, slice(size, None)))


def divergence(of: Tracked) -> Tracked:
    """Return the mean divergence of rows' normal distributions from the standard one."""
    means, logs = _moments(of)
    return mean(sum_over(0.5 * (means * means + exp(logs) - logs - 1.0), (1,)))


def likeness(rows: Tracked) -> Tracked:
    """Return the mean over pairs of `rows` of the squared cosine of their angle."""
    count = rows.shape[0]
    squares = sum_over(rows * rows, (1,), keep=True) + 1e-12
    products = matmul(rows, swap(rows))
    cosines = products * products / squares / swap(squares)
    others = 1.0 - np.eye(count, dtype=rows.value.dtype)
    return total(cosines * others) * (1 / max(count * (count - 1), 1))


def information(of: Tracked, again: Tracked) -> Tracked:
    """Return minus the mutual information of the classes of two views, `(B, classes)` logits."""
    first, second = (softmax(logits) for logits in (of, again))
    products = matmul(swap(first), second) + matmul(swap(second), first)
    joint = products * (0.5 / of.shape[0]) + 1e-12
    own = sum_over(joint, (1,))
    return total(own * log(own)) * 2.0 - total(joint * log(joint))


def sampled(of: Tracked, normal: Value) -> Tracked:
    """Return numbers of rows' normal distributions, given standard normal numbers."""
    means, logs = _moments(of)
    return means + exp(logs * 0.5) * normal


def term_value(kind: Kind, outputs: Tracked, target: Value) -> Tracked:
    """Return a term of a head's outputs by the formulas of `gankit.terms`, without its weight."""
    match kind:
        case "cross-entropy":
            labelled = target.sum(axis=1)
            values = (logsumexp(outputs) - sum_over(outputs * target, (1,))) * labelled
            return total(values) * (1 / max(float(labelled.sum()), 1.0))
        case "l1" | "l2":
            return distance(kind, outputs, constant(target))
        case "binary-cross-entropy":
            return mean(softplus(outputs) - outputs * target)
        case "gaussian":
            size = target.shape[1]
            means, logs = (
                get_slice(outputs, (ALL, half)) for half in (slice(size), slice(size, None))
            )
            differences = target - means
            densities = differences * differences * exp(-logs) + logs + np.log(2 * np.pi)
            return mean(sum_over(0.5 * densities, (1,)))
    raise TypeError(f"got a term of kind {kind}; expected one of a head")
