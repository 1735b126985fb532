"""The one door for models: a spec or a native model goes in, a `Player` comes out."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gankit.backend import Array, Labels, Problem, State
from gankit.errors import ConfigError, NotPortable
from gankit.layers import Shape
from gankit.randomness import Key, Site
from gankit.state import check_state, part
from gankit_keras.draws import Draws
from gankit_keras.layers import Sequential
from gankit_keras.natives import Native
from gankit_keras.tensors import DType, Function, Tensor, assign, to_arrays

Model: TypeAlias = Sequential | Native


@dataclass(frozen=True)
class Player:
    """A network in training and, called with arrays, in inference mode.

    Attributes
    ----------
    model
        A `Sequential` of a spec, or the user's own model.
    site
        Which of the two players it is.
    shape
        That of one input.
    device, dtype
        Where it computes, and in what.
    """

    model: Model
    site: Site
    shape: Shape
    device: str
    dtype: DType

    def play(self, inputs: Tensor, draws: Draws, *, own: bool) -> Tensor:
        """Return the outputs in training mode; running state moves only in its `own` step."""
        return self._face(self.model.train(inputs, draws, own=own))

    def draw(self, key: Key, rows: int) -> tuple[NDArray[Any], ...]:
        """Draw the random numbers of a pass over `rows` inputs."""
        return self.model.draw(key, self.site, rows)

    def __call__(self, inputs: Array, _labels: Labels | None = None, /) -> Array:
        """Return the outputs in inference mode, as an array."""
        return np.array(self._inference(np.asarray(inputs, self.dtype.as_numpy_dtype)))

    def weights(self) -> State:
        """Return copies of the weights by the core's names."""
        if self.model.native:
            raise NotPortable(
                f"the {self.site.name.lower()} is a native keras model; "
                "give a spec to move its weights between backends"
            )
        return to_arrays(self.model.variables)

    def load_weights(self, weights: State, /) -> None:
        """Copy weights in, all or nothing."""
        check_state(weights, self.weights())
        assign(self.model.variables, weights)

    def copy(self) -> Player:
        """Return the player with weights of its own."""
        with tf.device(self.device):
            return Player(self.model.copy(), self.site, self.shape, self.device, self.dtype)

    @cached_property
    def _inference(self) -> Function:
        signature = (tf.TensorSpec((None, *self.shape), self.dtype),)

        def infer(inputs: Tensor) -> Tensor:
            with tf.device(self.device):
                return self._face(self.model.infer(inputs))

        return tf.function(infer, input_signature=signature, autograph=False, jit_compile=False)

    def _face(self, outputs: Tensor) -> Tensor:
        """Bring a discriminator's outputs to `(n,)`."""
        return tf.reshape(outputs, (-1,)) if self.site is Site.DISCRIMINATOR else outputs


def player(problem: Problem, site: Site, device: str) -> Player:
    """Build a spec with its first weights, or let a native model through once it is checked."""
    dtype, name = tf.as_dtype(problem.precision), site.name.lower()
    model, shape, wanted = (
        (problem.generator, (problem.latent,), problem.image_shape)
        if site is Site.GENERATOR
        else (problem.discriminator, problem.image_shape, (1,))
    )
    if isinstance(model, tuple):
        weights = part(problem.initial_weights(), name)
        with tf.device(device):
            variables = {k: tf.Variable(w, dtype=dtype) for k, w in weights.items()}
        return Player(Sequential(model, shape, variables), site, shape, device, dtype)
    if not isinstance(model, keras.Model):
        raise ConfigError(f"the {name} is a {type(model).__name__}; give a spec or a keras.Model")
    _check_native(model, dtype, name, shape, wanted)
    return Player(Native(model), site, shape, device, dtype)


def _check_native(model: keras.Model, dtype: DType, name: str, shape: Shape, wanted: Shape) -> None:
    """Hold a native model against what the problem says of it."""
    outputs = _outputs(model, dtype, name, shape)
    made = tuple(outputs.shape[1:])
    if made != wanted and not (wanted == (1,) and made == ()):
        raise ConfigError(f"the {name} makes {made} of {shape}; it must make {wanted}")
    wrong = [w.dtype for w in model.trainable_variables if w.dtype != dtype.name]
    if wrong:
        raise ConfigError(f"the {name}'s weights are {wrong[0]}; the problem says {dtype.name}")
    if outputs.dtype != dtype:
        raise ConfigError(f"the {name} makes {outputs.dtype.name}; the problem says {dtype.name}")


def _outputs(model: keras.Model, dtype: DType, name: str, shape: Shape) -> Tensor:
    """Return what a native model makes of two inputs of `shape`; it is built by that at last."""
    try:
        return model(tf.zeros((2, *shape), dtype), training=False)
    except Exception as error:  # Keras raises whatever the user's own layers do.
        reason = _reason(error)
        raise ConfigError(f"the {name} does not take inputs of {shape}: {reason}") from error


def _reason(error: Exception) -> str:
    """Return what an error says in one line, without Keras's heading, colours and arguments."""
    told = re.sub(r"\x1b\[[0-9]*m|Exception encountered when calling .*", "", str(error))
    told = told.partition("Arguments received")[0] or type(error).__name__
    return textwrap.shorten(told, 200)
