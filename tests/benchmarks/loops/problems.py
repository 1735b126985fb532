"""The problems of recipes, and the networks of `simple` in other sizes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gankit import plugins
from gankit.config import from_settings
from gankit.contract import Problem
from gankit.layers import Dense, Reshape, Shape
from gankit.recipes import recipe
from gankit.training import StepShape

SHAPE = (28, 28, 1)
"""Of the images, channels last."""
PIXELS = 784
"""Of the seed's images: the units of the layer that makes them."""


def problem_of(name: str, **changes: Any) -> tuple[Problem, StepShape]:
    """Return problem and step shape of the recipe called `name`, with changed settings."""
    config = from_settings(recipe(name).settings | changes)
    return config.problem(SHAPE, plugins.get_loss(config.loss)), config.step_shape()


def resized(problem: Problem, shape: Shape, units: Callable[[int], int]) -> Problem:
    """Return the problem for images of `shape`, with other `units` in each hidden layer."""

    def layer(one: Any) -> Any:
        match one:
            case Dense(units=units_) if units_ == PIXELS:
                return replace(one, units=math.prod(shape))
            case Dense(units=units_) if units_ > 1:
                return replace(one, units=units(units_))
            case Reshape():
                return replace(one, shape=shape)
        return one

    return replace(
        problem,
        image_shape=shape,
        generator=tuple(map(layer, problem.generator)),
        discriminator=tuple(map(layer, problem.discriminator)),
    )
