"""Gradient penalties, by the formulas of `gankit.penalties`."""

from __future__ import annotations

import numpy as np

from gankit.augment import Half
from gankit.backend import Batch
from gankit.penalties import Penalty
from gankit_numpy.judge import Judge, logit
from gankit_numpy.operations import mean, sum_over, total
from gankit_numpy.tape import Tracked, Value, gradients, variable


def penalise(judge: Judge, penalty: Penalty, number: int, fake: Value) -> Tracked | float:
    """Return what the `number`-th penalty adds to the loss, given the fakes; 0 if not due."""
    rate = judge.batch.rates[f"penalty/{number}"]
    if not rate:
        return 0.0
    images = variable(_images(penalty, number, judge.batch, fake))
    half: Half = "fake" if penalty.where == "fake" else "real"
    logits = logit(judge.alone(images, half, number + 1))
    (slope,) = gradients(total(logits), [images], again=True)
    steepness = sum_over(slope * slope, (1, 2, 3))
    if penalty.target == 0:
        return rate * 0.5 * mean(steepness)
    excess = (steepness + penalty.epsilon) ** 0.5 - penalty.target
    return rate * mean(excess * excess)


def _images(penalty: Penalty, number: int, batch: Batch, fake: Value) -> Value:
    """Return the images at which the gradient is taken."""
    real = batch.real
    if penalty.where == "real":
        return real
    if penalty.where == "fake":
        return fake
    alpha = batch.draws[f"penalty/{number}/alpha"]
    if penalty.where == "between":
        return np.asarray(real + alpha * (fake - real))
    noise = batch.draws[f"penalty/{number}/noise"]
    return np.asarray(real + alpha * (0.5 * real.std()) * noise)
