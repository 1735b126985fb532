"""A network of gankit's layers."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from functools import cached_property

from gankit.contract import NO_LABELS, Precision, Problem
from gankit.functional import ForwardPass, Operations, inputs_of
from gankit.layers import Shapes, as_spec, output_shape, uses_labels, weight_shapes
from gankit_keras.framework import Tensor, Variable, tf
from gankit_keras.random_inputs import RandomInput, spec_masks


class SpecNetwork:
    """A `gankit_keras.networks.Network` of layers."""

    native = False

    def __init__(self, ops: Operations, problem: Problem, name: str) -> None:
        spec = as_spec(problem.spec_of(name), name)
        self._ops, self._problem, self._spec = ops, problem, spec
        self.name = name
        self.inputs: Shapes = problem.input_shapes(name)
        self.outputs = output_shape(spec, self.inputs)
        self.precision: Precision = ops.precision
        self.label_format = problem.label_format if uses_labels(spec) else NO_LABELS

    @cached_property
    def values(self) -> dict[str, Variable]:
        """The weights and running state, zero."""
        shapes = weight_shapes(self._spec, self.inputs, self._problem.label_format.width)
        return {
            name: tf.Variable(tf.zeros(shape, self.precision)) for name, shape in shapes.items()
        }

    @property
    def trained(self) -> frozenset[str]:
        """The names of the weights, without those of frozen layers."""
        trains = self._problem.trains
        return frozenset(name for name in self.values if trains(self.name, name))

    @cached_property
    def random(self) -> dict[str, RandomInput]:
        """A mask for each dropout layer, by the layer's name."""
        return spec_masks(self._spec, self._problem.roles[self.name], self.inputs)

    def first(self, layers: int) -> SpecNetwork:
        """Return the network of its first `layers`, whose outputs are features."""
        network = copy.copy(self)
        network._spec = self._spec[:layers]
        network.outputs = output_shape(network._spec, self.inputs)
        return network

    def run(
        self,
        arrays: Mapping[str, Tensor],
        x: Tensor,
        labels: Tensor,
        random: Mapping[str, Tensor] | None = None,
        halves: int = 1,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the outputs, and the running state after this pass."""
        first, *others = inputs_of(x)
        rows = None
        if self.label_format:
            rows = labels
            if classes := self.label_format.classes:
                rows = tf.one_hot(labels, classes, dtype=first.dtype)
        forward = ForwardPass(self._ops, arrays, rows, random, halves, tuple(others))
        outputs = forward.run(self._spec, first)
        if self._problem.criticises(self.name) and len(self.outputs) > 1:  # A map, as a row.
            outputs = tf.reshape(outputs, (-1, math.prod(self.outputs)))
        return outputs, forward.running
