"""A spec as a Keras model."""

from __future__ import annotations

from collections.abc import Iterable

from gankit.contract import Precision
from gankit.layers import Shape, Spec, is_running, weight_shapes
from gankit_keras.forward import ForwardPass
from gankit_keras.framework import Tensor, keras


class SpecModel(keras.Model):  # type: ignore[misc]
    """The layers of a spec in sequence; Keras stores their arrays under the core's names."""

    def __init__(self, spec: Spec, inputs: Shape, classes: int, dtype: Precision) -> None:
        super().__init__(dtype=dtype)
        self.spec = spec
        self.arrays = {
            name: self.add_weight(size, "zeros", name=name, trainable=not is_running(name))
            for name, size in weight_shapes(spec, inputs, classes).items()
        }
        self.built = True

    def call(
        self,
        inputs: Tensor,
        labels: Tensor = None,
        masks: Iterable[Tensor] = (),
        training: bool = False,
        halves: int = 1,
    ) -> Tensor:
        """Return the outputs; in training mode `masks` contains a mask for each dropout layer."""
        arrays = {name: variable.value for name, variable in self.arrays.items()}
        forward = ForwardPass(arrays, labels, iter(masks), training, halves)
        outputs = forward.run(self.spec, inputs)
        for name, value in forward.running.items():
            self.arrays[name].assign(value)
        return outputs
