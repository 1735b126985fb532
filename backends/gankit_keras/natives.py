"""A user's own `keras.Model` behind the interface of `layers.Sequential`.

It is called through `stateless_call` only, so that its running state moves when this backend says
so, and its seed generators, set anew for each pass, never do.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gankit.randomness import Key, Site, framework_seed
from gankit_keras.draws import Draws
from gankit_keras.tensors import Tensor, Variables, copies


class Native:
    """A Keras model, with variables of its own or of a copy.

    Variables are named by their place in `model.weights`, for Keras's own names need not be
    unique, and its paths count the models that a process has built.
    """

    native = True
    repeats = False
    draw_specs: Draws = (tf.TensorSpec((), tf.int64),)

    def __init__(self, model: keras.Model, variables: Variables | None = None) -> None:
        self.model = model
        self._names = {id(w): f"{i}.{w.name}" for i, w in enumerate(model.weights)}
        self.variables = variables or {self._names[id(w)]: w.value for w in model.weights}

    @property
    def trainable(self) -> Variables:
        """The variables that training moves."""
        names = [self._names[id(w)] for w in self.model.trainable_variables]
        return {name: self.variables[name] for name in names}

    def draw(self, key: Key, site: Site, _rows: int) -> tuple[NDArray[Any], ...]:
        """Return the seed of a pass."""
        return (np.array(framework_seed(key, site), np.int64),)

    def train(self, inputs: Tensor, draws: Draws, *, own: bool) -> Tensor:
        """Return the outputs in training mode; running state moves only in its `own` step."""
        (seed,) = draws
        outputs, after = self._call(inputs, seed, training=True)
        if own:
            for variable, value in zip(self.model.non_trainable_variables, after, strict=True):
                if name := self._names.get(id(variable)):
                    self.variables[name].assign(value)
        return outputs

    def infer(self, inputs: Tensor) -> Tensor:
        """Return the outputs in inference mode."""
        return self._call(inputs, tf.zeros((), tf.int64), training=False)[0]

    def copy(self) -> Native:
        """Return the model with variables of its own."""
        return Native(self.model, copies(self.variables))

    def _call(self, inputs: Tensor, seed: Tensor, *, training: bool) -> tuple[Tensor, list[Any]]:
        """Return the outputs, and the other variables' values after the pass."""
        others = [
            self.variables[self._names[id(v)]] if id(v) in self._names else _seeded(v, seed, i)
            for i, v in enumerate(self.model.non_trainable_variables)
        ]
        outputs, after = self.model.stateless_call(
            list(self.trainable.values()), others, inputs, training=training
        )
        return outputs, after


def _seeded(variable: keras.Variable, seed: Tensor, place: int) -> Tensor:
    """Return a seed generator's state; generators of one model draw from different streams."""
    return tf.cast(tf.stack([seed, tf.constant(place << 24, tf.int64)]), variable.dtype)
