"""Gradient penalties as data: terms added to the discriminator's loss.

With g_n the gradient of D(x_n) with respect to the image x_n, and |g| the norm over all values of
an image, a penalty of weight w and power p adds

    target 0      w * 1/2 * E |g|^p            p = 2: R1, R2: Mescheder et al. 2018
                                               p = 6: WGAN-div: Wu et al. 2018, whose k is w / 2
    target t > 0  w * E (sqrt(|g|^2 + epsilon) - t)^2                 Gulrajani et al. 2017

The images x at which the gradient is taken:

    real     the real images
    fake     the generated ones, as constants
    between  real + a * (fake - real), a ~ U(0, 1)                    WGAN-GP
    around   real + a * 1/2 * std(real) * u, with u ~ U(0, 1) of the images' shape and std the
             (population) standard deviation of the batch             DRAGAN: Kodali et al. 2017

The gradient is computed in training mode, in a separate pass that changes no running state. If the
discriminator's inputs are augmented, it is the gradient with respect to the images before that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from gankit._utils.field_types import check_fields
from gankit._utils.known_arguments import known_arguments
from gankit._utils.plain_numbers import plain_numbers
from gankit.augment import Half, Tensor
from gankit.errors import ConfigError
from gankit.schedules import Rate, check_rate

Where = Literal["real", "fake", "between", "around"]
PLACES: tuple[Where, ...] = get_args(Where)
REMEDIES = {
    name: f"Penalty({where!r}), in TOML {{ where = {where!r} }}"
    for name, where in [*zip(PLACES, PLACES, strict=True), ("wasserstein", "between")]
}
"""What to write for the usual names of penalties, such as "r1" and "wgan-gp"."""


@known_arguments()
@dataclass(frozen=True)
@plain_numbers
class Penalty:
    """One gradient penalty.

    Attributes
    ----------
    where
        At which images the gradient is taken.
    target
        The gradient norm with zero penalty. By default that of the papers above: 0 at real or
        generated images, 1 elsewhere.
    weight
        Factor of the term: gamma of R1 and R2, lambda of WGAN-GP and DRAGAN. 10 by default, as in
        all of them.
    epsilon
        Keeps the root differentiable at 0; unused if the target is 0. 1e-10 by default.
    power
        The power of the norm, at least 2; 2 by default. Another one needs target 0.
    every
        Interval in discriminator updates, counted from the first of the run, 1 by default; the
        weight is multiplied by it. This is the lazy regularization of Karras et al. 2020a
        (StyleGAN2), which also adjusts the optimizer; gankit does not.
    """

    where: Where
    target: float = None  # type: ignore[assignment] # Replaced, below.
    weight: Rate = 10.0
    epsilon: float = 1e-10
    every: int = 1
    power: float = 2.0

    def __post_init__(self) -> None:
        """Take the default of `target`; raise ConfigError for values of the wrong type or range."""
        if self.target is None:
            object.__setattr__(self, "target", 0.0 if self.where in ("real", "fake") else 1.0)
        check_fields(self, "penalty")
        check_rate("penalty.weight", self.weight)
        check_rate("penalty.target", self.target)
        if self.target and not 0 < self.epsilon < math.inf:
            epsilon = self.epsilon
            raise ConfigError(f"penalty.epsilon: got {epsilon}; expected a finite number above 0")
        if not 2 <= self.power < math.inf:
            raise ConfigError(
                f"penalty.power: got {self.power}; expected a finite number of at least 2"
            )
        if self.target and self.power != 2:
            raise ConfigError(
                f"penalty.power: got {self.power} with target {self.target}; "
                "expected 2, or target 0"
            )
        if self.every < 1:
            raise ConfigError(f"penalty.every: got {self.every}; expected at least 1")

    def due(self, update: int) -> bool:
        """Return whether it is due in the run's `update`-th discriminator update, from 0."""
        return update % self.every == 0

    @property
    def half(self) -> Half:
        """The half of the batch whose augmentation is applied to its images."""
        return "fake" if self.where == "fake" else "real"

    def points(
        self,
        real: Tensor,
        fake: Tensor,
        random: Mapping[str, Tensor],
        deviation: Callable[[Tensor], Tensor],
    ) -> Tensor:
        """Return the images at which the gradient is taken; their own gradients are not needed.

        Parameters
        ----------
        real, fake
            `(B, height, width, channels)`, arrays of the backend.
        random
            This penalty's random inputs: "alpha", "noise".
        deviation
            Returns the population standard deviation of all values of an array.
        """
        match self.where:
            case "real":
                return real
            case "fake":
                return fake
            case "between":
                return real + random["alpha"] * (fake - real)
            case "around":
                return real + random["alpha"] * (0.5 * deviation(real)) * random["noise"]


@dataclass(frozen=True)
class NamedPenalty:
    """A penalty of a plugin, for `penalties = ["NAME"]` in a recipe.

    Attributes
    ----------
    name
        Its name.
    penalty
        The penalty, which replaces the name in a run's configuration.
    """

    name: str
    penalty: Penalty
