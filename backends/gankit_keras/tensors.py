"""Variables by name, and arrays in and out of them by copies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from gankit.backend import State

Tensor: TypeAlias = Any
"""A `tf.Tensor`, of a graph or at hand; TensorFlow has no types that mypy could read."""

DType: TypeAlias = Any
"""A `tf.DType`."""

Function: TypeAlias = Any
"""What `tf.function` makes of tensors' functions."""

Signature: TypeAlias = Any
"""A `tf.TensorSpec`, or tuples and mappings of them."""

Variables: TypeAlias = dict[str, Any]
"""`tf.Variable`s by name."""


def to_arrays(variables: Mapping[str, Any]) -> State:
    """Return copies as arrays."""
    return {name: np.array(variable.numpy()) for name, variable in variables.items()}


def assign(variables: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Assign each variable the array of its name, in the variable's own precision."""
    for name, variable in variables.items():
        variable.assign(np.asarray(arrays[name], variable.dtype.as_numpy_dtype))


def zeros_like(variables: Mapping[str, Any]) -> Variables:
    """Return new variables of the same shapes that start at zero."""
    return {name: tf.Variable(tf.zeros_like(v), trainable=False) for name, v in variables.items()}


def copies(variables: Mapping[str, Any]) -> Variables:
    """Return new variables that start at the values of the old."""
    return {
        name: tf.Variable(tf.identity(v), trainable=v.trainable) for name, v in variables.items()
    }
