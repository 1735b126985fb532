"""Networks: in training as tensors, in inference mode as the core sees them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gankit.backend import Array, Labels, State
from gankit.errors import NotPortable
from gankit.state import check_state
from gankit_keras.forms import Form
from gankit_keras.framework import Tensor, Variable, compiled, keras, tf


class Network:
    """A form with values: the model's own, or for an average, copies of them.

    Called with arrays it answers in inference mode, compiled once for any number of rows.
    """

    def __init__(
        self, form: Form, device: str | None, values: dict[str, Variable] | None = None
    ) -> None:
        self.form = form
        self.device = device
        self.values = values or {name: v.value for name, v in form.variables.items()}
        self._infer = compiled(
            lambda inputs: self.forward(inputs)[0],
            device,
            tf.TensorSpec((None, *form.inputs), form.precision),
        )

    @property
    def weights_in_training(self) -> dict[str, Variable]:
        """The values that training moves, by name."""
        return {name: v for name, v in self.values.items() if name in self.form.trainable}

    def forward(
        self, inputs: Tensor, draws: Sequence[Tensor] | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the outputs, and by name the running state after this pass; nothing moves.

        Parameters
        ----------
        inputs
            `(n, *form.inputs)`.
        draws
            One for each of `form.draws`, for training mode; None for inference.
        """
        form = self.form
        seeds = draws if form.native and draws is not None else [(0, 0)] * len(form.seeds)
        masks = {} if form.native else {"kept": draws}
        values = [(form.variables[k], tf.convert_to_tensor(v)) for k, v in self.values.items()]
        with keras.StatelessScope([*values, *zip(form.seeds, seeds, strict=True)]) as scope:
            outputs = form.model(inputs, training=draws is not None, **masks)
        running = {
            name: scope.get_current_value(form.variables[name])
            for name in self.values
            if name not in form.trainable
        }
        return tf.reshape(outputs, (-1, *form.outputs)), running

    def copied(self) -> Network:
        """Return a network of the same form with values of its own, equal to these."""
        copies = {name: tf.Variable(value, trainable=False) for name, value in self.values.items()}
        return Network(self.form, self.device, copies)

    def __call__(self, inputs: Array, _labels: Labels | None = None, /) -> Array:
        """Return the outputs in inference mode: images, or `(n,)` logits."""
        outputs: Array = self._infer(np.asarray(inputs, self.form.precision)).numpy()
        return outputs

    def weights(self) -> State:
        """Return copies of the weights by the core's names."""
        if self.form.native:
            raise NotPortable(
                f"the {self.form.site.name.lower()} is a native keras model; "
                "give a spec to move its weights between backends"
            )
        return to_arrays(self.values)

    def load_weights(self, weights: State, /) -> None:
        """Copy weights in, all or nothing."""
        check_state(weights, self.weights())
        assign(self.values, weights)


def to_arrays(values: dict[str, Variable]) -> State:
    """Return copies of variables as arrays."""
    return {name: np.array(value.numpy()) for name, value in values.items()}


def assign(values: dict[str, Variable], state: State) -> None:
    """Copy arrays, which have been checked, into variables of the same names."""
    for name, value in values.items():
        value.assign(np.asarray(state[name], value.dtype.as_numpy_dtype))
