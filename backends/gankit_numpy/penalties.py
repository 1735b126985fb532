"""Gradient penalties, by the formulas of `gankit.penalties`."""

from __future__ import annotations

import numpy as np

from gankit.contract import strip_prefix
from gankit.penalties import Penalty
from gankit_numpy.judge import Judge, logit
from gankit_numpy.operations import mean, sum_over, total
from gankit_numpy.tape import Tracked, Value, gradients, variable


def penalise(judge: Judge, penalty: Penalty, number: int, fake: Value) -> Tracked | float:
    """Return the `number`-th penalty's term of the loss, given the fakes; 0 if not due."""
    rate = judge.batch.scalars[f"penalty/{number}"]
    if not rate:
        return 0.0
    draws = strip_prefix(judge.batch.random, f"penalty/{number}")
    images = variable(np.asarray(penalty.points(judge.batch.real, fake, draws, np.std)))
    logits = logit(judge.alone(images, penalty.half, number + 1))
    (slope,) = gradients(total(logits), [images], again=True)
    steepness = sum_over(slope * slope, (1, 2, 3))
    if penalty.target == 0:
        return rate * 0.5 * mean(steepness)
    excess = (steepness + penalty.epsilon) ** 0.5 - penalty.target
    return rate * mean(excess * excess)
