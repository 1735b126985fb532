"""What a handwritten loop takes from a recipe: networks, sizes, optimizers and penalties."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from gankit import layers
from gankit.contract import Problem
from gankit.optimizers import Adam
from gankit.training import StepShape
from loops.problems import problem_of


@dataclass(frozen=True)
class Recipe:
    """A recipe with an image generator and a discriminator of images, trained by Adam.

    Attributes
    ----------
    problem, step_shape
        As gankit trains them.
    rate, beta1, beta2, epsilon
        Adam's, equal for both networks; those of a schedule at its start.
    weights
        The weight of each penalty, at its start.
    """

    problem: Problem
    step_shape: StepShape
    rate: float
    beta1: float
    beta2: float
    epsilon: float
    weights: tuple[float, ...]

    @property
    def generator(self) -> layers.Spec:
        """The generator's layers."""
        return layers.as_spec(self.problem.generator, "generator")

    @property
    def discriminator(self) -> layers.Spec:
        """The discriminator's layers."""
        return layers.as_spec(self.problem.discriminator, "discriminator")


@cache
def named(name: str, batch: int | None = None) -> Recipe:
    """Return the recipe called `name`, with another batch if one is given."""
    problem, step_shape = problem_of(name, **({"batch": batch} if batch else {}))
    optimizer = problem.optimizer_of("discriminator")
    assert isinstance(optimizer, Adam)
    rate, beta2, *weights = (
        float(getattr(number, "start", number))
        for number in (
            optimizer.learning_rate,
            optimizer.beta2,
            *(penalty.weight for penalty in problem.penalties),
        )
    )
    return Recipe(
        problem,
        step_shape,
        rate,
        optimizer.beta1,
        beta2,
        optimizer.epsilon,
        tuple(weights),
    )
