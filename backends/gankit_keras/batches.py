"""The arrays of one update, as tensors or their signatures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gankit.contract import Problem
from gankit.contract.random_inputs import layout
from gankit.contract.scalars import names
from gankit_keras.framework import Tensor, tf
from gankit_keras.random_inputs import RandomInputs, RandomInputSampler


class BatchTensors(NamedTuple):
    """A `gankit.contract.Batch` as tensors.

    Attributes
    ----------
    real
        `(B, height, width, channels)`; no rows in a generator update whose loss is not paired.
    noise
        `(B, latent)`.
    labels
        `(B,)` int64; no rows if the problem does not use them.
    random
        The core's random inputs by name, as in `gankit.contract.Batch`, except "flip".
    scalars
        Float64 scalars by name.
    network_random
        The random inputs inside the networks.
    """

    real: Tensor
    noise: Tensor
    labels: Tensor
    random: Mapping[str, Tensor]
    scalars: Mapping[str, Tensor]
    network_random: RandomInputs


def batch_signature(problem: Problem, sampler: RandomInputSampler) -> BatchTensors:
    """Return the shapes and dtypes of an update's tensors."""
    random = random_signatures(problem)
    random.pop("flip", None)
    return BatchTensors(
        real=tf.TensorSpec((None, *problem.image_shape), problem.precision),
        noise=tf.TensorSpec((None, problem.latent), problem.precision),
        labels=tf.TensorSpec((None,), tf.int64),
        random=random,
        scalars=dict.fromkeys(names(problem), tf.TensorSpec((), tf.float64)),
        network_random=sampler.signature(),
    )


def random_signatures(problem: Problem, *axes: None) -> dict[str, tf.TensorSpec]:
    """Return the shapes and dtypes of the core's random inputs, with additional leading axes."""
    return {
        name: tf.TensorSpec((*axes, None, *shape), dtype)
        for name, (shape, dtype) in layout(problem).items()
    }
