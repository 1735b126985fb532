"""What a backend is asked to build."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gankit import layers, optimizers, randomness
from gankit.errors import ConfigError
from gankit.layers import Shape, Spec
from gankit.losses import Loss
from gankit.optimizers import Average, Optimizer
from gankit.state import State

Array: TypeAlias = NDArray[np.floating[Any]]
Precision: TypeAlias = Literal["float32", "float64"]
Native: TypeAlias = Any
"""A network of the backend's own framework: an `nn.Module`, a `keras.Model`."""


@dataclass(frozen=True)
class Problem:
    """What a backend is asked to build.

    Attributes
    ----------
    generator, discriminator
        Specs, or native networks of the backend's framework.
    latent
        Width of the noise.
    image_shape
        (height, width, channels).
    fresh_noise
        Whether the generator's step draws noise of its own; if not, it gets the last
        discriminator step's, and a block may reuse that forward pass.
    average
        How the generator's weights are averaged, if they are.
    device
        "auto", or a device as the backend's framework names it.
    """

    generator: Spec | Native
    discriminator: Spec | Native
    latent: int
    image_shape: Shape
    loss: Loss
    generator_optimizer: Optimizer
    discriminator_optimizer: Optimizer
    fresh_noise: bool = True
    average: Average | None = None
    precision: Precision = "float32"
    device: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be built, with one line that says why."""
        _check_networks(self)
        optimizers.check(self.generator_optimizer)
        optimizers.check(self.discriminator_optimizer)
        randomness.check_seed(self.seed)

    @cached_property
    def pixels(self) -> Array:
        """The value in [-1, 1] of each of the 256 grey levels: (level - 127.5) / 127.5."""
        return ((np.arange(256) - 127.5) / 127.5).astype(self.precision)

    def scale(self, images: NDArray[Any]) -> Array:
        """Return images as training sees them: uint8 by the table, real numbers as they are."""
        if images.dtype == np.uint8:
            return np.take(self.pixels, images)
        return np.asarray(images, self.precision)

    def initial_weights(self) -> State:
        """Draw the first weights of each network that is a spec: "generator/0.kernel", ..."""
        networks = (("generator", self.generator, (self.latent,)),
                    ("discriminator", self.discriminator, self.image_shape))  # fmt: skip
        state: State = {}
        for site, (name, spec, shape) in enumerate(networks):
            if isinstance(spec, tuple):
                random = randomness.generator(self.seed, randomness.Stream.WEIGHTS, site)
                weights = layers.initial_weights(spec, shape, random)
                state |= {f"{name}/{k}": w.astype(self.precision) for k, w in weights.items()}
        return state

    def needs(self) -> frozenset[str]:
        """Return the capabilities that a backend must have to build this."""
        needed: set[str] = {self.precision}
        if self.average is not None:
            needed.add("average")
        if not all(isinstance(net, tuple) for net in (self.generator, self.discriminator)):
            needed.add("native")
        return frozenset(needed)


def _check_networks(problem: Problem) -> None:
    """Hold each spec's output against what the algorithm needs of it."""
    if problem.latent < 1:
        raise ConfigError(f"latent is {problem.latent}; it must be at least 1")
    if len(problem.image_shape) != 3 or min(problem.image_shape) < 1:
        raise ConfigError(f"image_shape is {problem.image_shape}; give (height, width, channels)")
    for name, spec, inputs, wanted in (
        ("generator", problem.generator, (problem.latent,), problem.image_shape),
        ("discriminator", problem.discriminator, problem.image_shape, (1,)),
    ):
        if isinstance(spec, tuple):
            try:
                made = layers.output_shape(spec, inputs)
            except ConfigError as error:
                raise ConfigError(f"{name}: {error}") from None
            if made != wanted:
                raise ConfigError(f"the {name} makes {made} of {inputs}; it must make {wanted}")
