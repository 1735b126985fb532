"""The scalars of each update, from schedules and intervals.

generator/learning_rate    likewise discriminator/learning_rate
generator/beta2            of an Adam; likewise discriminator/beta2
average                    the share of the old average in the new one
penalty/0                  the first penalty's weight, 0 if it is not due
instance_noise             its standard deviation
augment                    the chance of each transform, if it is below 1 and not adaptive
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gankit.contract.problem import Problem
from gankit.optimizers import Adam
from gankit.penalties import Penalty
from gankit.schedules import Rate, value

Scalars = dict[str, NDArray[np.float64]]


def scalars(problem: Problem, batch: int, n_critic: int, span: range) -> Scalars:
    """Return the scalars of the steps of `span`, `(steps, n_critic + 1)` by name."""
    seen = [r * batch for r in span]
    made = {name: np.array([value(rate, n) for n in seen]) for name, rate in _scheduled(problem)}
    if average := problem.average:
        made["average"] = np.array([average.beta(batch, n + batch) for n in seen])
    found = {name: np.repeat(rate[:, None], n_critic + 1, 1) for name, rate in made.items()}
    for i, penalty in enumerate(problem.penalties):
        found[f"penalty/{i}"] = _weights(penalty, batch, n_critic, span)
    return found


def names(problem: Problem) -> tuple[str, ...]:
    """Return the names of the scalars that the updates of `problem` use."""
    return tuple(scalars(problem, 1, 1, range(1)))


def _scheduled(problem: Problem) -> Iterator[tuple[str, Rate]]:
    players = (
        ("generator", problem.generator_optimizer),
        ("discriminator", problem.discriminator_optimizer),
    )
    for player, optimizer in players:
        yield f"{player}/learning_rate", optimizer.learning_rate
        if isinstance(optimizer, Adam):
            yield f"{player}/beta2", optimizer.beta2
    if problem.noisy:
        yield "instance_noise", problem.instance_noise
    if (augment := problem.augment) and augment.gated and not augment.adaptive:
        yield "augment", augment.chance


def _weights(penalty: Penalty, batch: int, n_critic: int, span: range) -> NDArray[np.float64]:
    """Return a penalty's weight in each update, 0 in the generator's updates."""
    weights = np.zeros((len(span), n_critic + 1))
    for row, r in enumerate(span):
        weight = penalty.every * value(penalty.weight, r * batch)
        due = [penalty.due(r * n_critic + s) for s in range(n_critic)]
        weights[row, :-1] = np.where(due, weight, 0.0)
    return weights
