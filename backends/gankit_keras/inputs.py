"""The inputs of an update, as tensors or their signatures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gankit.contract import Problem
from gankit.contract.random_inputs import layout
from gankit.contract.scalars import names
from gankit_keras.draws import Drawer, Draws
from gankit_keras.framework import Tensor, tf


class Inputs(NamedTuple):
    """The inputs of an update.

    Attributes
    ----------
    real
        `(B, height, width, channels)`; no rows in a generator update whose loss is not paired.
    noise
        `(B, latent)`.
    labels
        `(B,)` int64; no rows if the problem does not use them.
    numbers
        The core's random inputs by name, as in `gankit.contract.Batch`, except "flip".
    scalars
        Float64 scalars by name.
    random
        Random inputs inside the networks.
    """

    real: Tensor
    noise: Tensor
    labels: Tensor
    numbers: Mapping[str, Tensor]
    scalars: Mapping[str, Tensor]
    random: Draws


def signature(problem: Problem, drawer: Drawer) -> Inputs:
    """Return the shapes and dtypes of an update's inputs."""
    numbers = number_signatures(problem)
    numbers.pop("flip", None)
    return Inputs(
        real=tf.TensorSpec((None, *problem.image_shape), problem.precision),
        noise=tf.TensorSpec((None, problem.latent), problem.precision),
        labels=tf.TensorSpec((None,), tf.int64),
        numbers=numbers,
        scalars=dict.fromkeys(names(problem), tf.TensorSpec((), tf.float64)),
        random=drawer.signature(),
    )


def number_signatures(problem: Problem, *axes: None) -> dict[str, tf.TensorSpec]:
    """Return the shapes and dtypes of the core's random inputs, with additional leading axes."""
    return {
        name: tf.TensorSpec((*axes, None, *shape), dtype)
        for name, (shape, dtype) in layout(problem).items()
    }
