"""Gradient penalties, by the formulas of `gankit.penalties`."""

from __future__ import annotations

import numpy as np

from gankit.contract import strip_prefix
from gankit.penalties import Penalty
from gankit_numpy.discriminator_forward import DiscriminatorForward
from gankit_numpy.losses import image_logits
from gankit_numpy.operations import mean, sum_over, total
from gankit_numpy.tape import Tracked, Value, gradients, variable


def separate_penalty(
    discriminator: DiscriminatorForward, penalty: Penalty, number: int, fake: Value
) -> Tracked | float:
    """Return the weighted `number`-th penalty from a separate pass; 0 if it is not due."""
    batch = discriminator.batch
    weight = batch.scalars[f"penalty/{number}"]
    if not weight:
        return 0.0
    random = strip_prefix(batch.random, f"penalty/{number}")
    images = variable(np.asarray(penalty.points(batch.real, fake, random, np.std)))
    outputs, _ = discriminator.one_half(images, penalty.half, number + 1)
    logits = image_logits(outputs, discriminator.logits)
    (gradient,) = gradients(total(logits), [images], differentiable=True)
    return weighted_penalty(penalty, weight, gradient)


def weighted_penalty(penalty: Penalty, weight: float, gradient: Tracked) -> Tracked:
    """Return a penalty times its weight, given the gradient of each logit by its image."""
    squared_norms = sum_over(gradient * gradient, (1, 2, 3))
    if penalty.target == 0:
        powers = squared_norms if penalty.power == 2 else squared_norms ** (penalty.power / 2)
        return weight * 0.5 * mean(powers)
    distances = (squared_norms + penalty.epsilon) ** 0.5 - penalty.target
    return weight * mean(distances * distances)
